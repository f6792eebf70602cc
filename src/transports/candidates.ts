/** Which of several things in a source is the newest agent output. */

import { CourierError, cleanText } from '../faults/errors.ts';
import type { Foreign, OpenContext, PassedOver } from './transport.ts';

/** At most so many are looked at: junk that goes on for longer has to be cleared away. */
export const mostCandidates = 20;

/** Several things, and how they are looked at. */
interface Choice<Item, Got> {
  /** The newest first. */
  readonly candidates: AsyncIterable<Item> | Iterable<Item>;
  readonly nameOf: (item: Item) => string;
  /** All of one; a CourierError says why it cannot be had. */
  readonly read: (item: Item) => Promise<Got>;
  readonly accepts: OpenContext['accepts'];
  readonly signal: AbortSignal;
}

interface Chosen<Item, Got> {
  readonly item: Item;
  readonly got: Got;
  readonly passedOver: PassedOver;
  /** Why it is no output, when none of them is and it is only the newest. */
  readonly objection: string | undefined;
}

/**
 * The first of at most twenty candidates that is agent output; of nothing but others the newest,
 * so that its fault can be told.
 *
 * @throws CourierError of the newest when none can be had; NO_OUTPUT when there is none; the
 * signal's reason
 */
export async function chooseNewest<Item, Got extends { readonly output: Buffer }>(
  choice: Choice<Item, Got>,
): Promise<Chosen<Item, Got>> {
  const { candidates, nameOf, accepts, signal } = choice;
  const passedOver: Foreign[] = [];
  let newest: Omit<Chosen<Item, Got>, 'passedOver'> | undefined;
  let firstFault: CourierError | undefined;
  for await (const item of candidates) {
    if (passedOver.length === mostCandidates) break;
    const found = await readOrFault(choice, item);
    const isFault = found instanceof CourierError;
    const objection = isFault ? found.message : await accepts(found.output, signal);
    if (!isFault && objection === undefined) return { item, got: found, passedOver, objection };
    if (passedOver.length === 0 && isFault) firstFault = found;
    if (passedOver.length === 0 && !isFault) newest = { item, got: found, objection };
    passedOver.push({ name: nameOf(item), why: objection ?? '' });
  }
  const others = passedOver.slice(1);
  if (newest !== undefined) return { ...newest, passedOver: others };
  throw withPassedOver(firstFault ?? new CourierError('NO_OUTPUT', 'there is nothing'), others);
}

async function readOrFault<Item, Got>(
  { read, signal }: Choice<Item, Got>,
  item: Item,
): Promise<Got | CourierError> {
  try {
    return await read(item);
  } catch (error) {
    if (signal.aborted || !(error instanceof CourierError) || error.code === 'INTERNAL')
      throw error;
    return error;
  }
}

/** So many are told by name. */
const mostNamed = 3;

/** `passed over "a.md5" (no section header in it), "b" (it is empty) and 2 more`. */
export function describePassedOver(passedOver: PassedOver): string {
  const named = passedOver
    .slice(0, mostNamed)
    .map(({ name, why }) => `${cleanText(name, 60)} (${cleanText(why, 80)})`);
  const more = passedOver.length - named.length;
  const count = passedOver.length === 1 ? '' : `${passedOver.length}: `;
  return `passed over ${count}${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The same fault, telling also what was passed over. */
export function withPassedOver(error: CourierError, passedOver: PassedOver): CourierError {
  if (passedOver.length === 0) return error;
  const message = `${error.message}; ${describePassedOver(passedOver)}`;
  return new CourierError(error.code, message, { cause: error });
}
