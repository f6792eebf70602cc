/** Of several servers that know the same, the first that answers. */

import { CourierError, cleanText } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { startTimeLimit } from '../../system/time-limit.ts';
import type { AgentContext } from '../special-agent.ts';
import { askOver } from './asking.ts';
import type { HttpKind } from './http-kind.ts';
import type { Values } from './parameters.ts';
import type { Recipe } from './recipe.ts';
import { isRefusal } from './refusals.ts';
import type { StepCall } from './step.ts';
import { fill, fillAll } from './templates.ts';
import { toList } from './to-list.ts';

/** The server that is asked, and the values that lead to it. */
export interface Reached {
  readonly http: HttpKind;
  readonly values: Values;
}

type Open = (values: Values) => Promise<HttpKind>;
type Reach = NonNullable<Recipe['reach']>;

const defaultTimeoutMs = 5000;

/**
 * Tries one after the other.
 *
 * @param open makes connections to the server that the values name
 * @throws CourierError REFUSED as soon as a login is refused; else, when none answers, naming each
 */
export async function reachFirst(
  recipe: Recipe,
  values: Values,
  context: AgentContext,
  open: Open,
): Promise<Reached> {
  const { reach } = recipe;
  if (reach === undefined) return { http: await open(values), values };
  const servers = toList(values.open.get(reach.first));
  const faults: { readonly server: string; readonly error: CourierError }[] = [];
  for (const server of servers) {
    const own = { ...values, open: new Map([...values.open, [reach.as, server]]) };
    const http = await open(own);
    try {
      await probe(http, reach, own, { ...context, mostBytes: recipe.limits.body });
      return { http, values: own };
    } catch (error) {
      await http.close();
      context.signal.throwIfAborted();
      if (isRefusal(error)) throw error;
      faults.push({ server: String(server), error: asCourierError(error, 'asking') });
    }
  }
  throw toFault(faults, reach);
}

function toFault(
  faults: readonly { readonly server: string; readonly error: CourierError }[],
  { first }: Reach,
): CourierError {
  const last = faults.at(-1);
  if (last === undefined) return new CourierError('USAGE', `${first} names nothing to be asked`);
  if (faults.length === 1) return last.error;
  const told = faults.map(({ server, error }) => `${cleanText(server)}: ${error.message}`);
  const message = `none of ${faults.length} ${first} answered: ${told.join('; ')}`;
  return new CourierError(last.error.code, message, { cause: last.error });
}

async function probe(
  http: HttpKind,
  { get, accept, timeout = defaultTimeoutMs }: Reach,
  values: Values,
  { mostBytes, ...context }: AgentContext & { readonly mostBytes: number },
): Promise<void> {
  const lookUp = (name: string) => values.secrets.get(name) ?? values.open.get(name);
  const limit = startTimeLimit(
    { clock: context.clock, timeoutMs: timeout, tooSlow: 'no answer' },
    context.signal,
  );
  context.countRequest();
  try {
    const call: StepCall = {
      ...context,
      fill: (text, place) => fill(text, place, lookUp),
      fillAll: (value) => fillAll(value, lookUp),
      isOwn: (name) => values.open.has(name),
      signal: limit.signal,
      maxBodyBytes: mostBytes,
      trace: () => undefined,
    };
    const step = { name: 'reach', get, ...(accept === undefined ? {} : { accept }) };
    await askOver(http, step.name, [http.toRequest(step, call), call], context);
  } finally {
    limit.stop();
  }
}
