/** Which of several things in a source is the newest agent output. */

import { CourierError, cleanText, type FaultCode, prefixError } from '../faults/errors.ts';
import type { AskedFor, Foreign, OpenContext, PassedOver } from './transport.ts';

/** How many are looked at; more junk than this has to be cleared away by people. */
export const mostCandidates = 20;

/** Several things, and how they are looked at. */
export interface Choice<Item, Got> {
  /** The newest first. */
  readonly candidates: AsyncIterable<Item> | Iterable<Item>;
  /** A name that tells it from the others. */
  readonly nameOf: (item: Item) => string;
  /** Where it is, as a delivery has it; faults that do not name it get it in front. */
  readonly originOf: (item: Item) => string;
  /** Reads one of them whole; a CourierError says why it cannot be read. */
  readonly read: (item: Item) => Promise<Got>;
  /** What to say when there is no candidate. */
  readonly nothing: string;
  readonly accepts: OpenContext['accepts'];
  readonly asked: AskedFor;
}

/** The candidate that was chosen. */
export interface Chosen<Item, Got> {
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
  const { candidates, nameOf, originOf, accepts, asked } = choice;
  const passedOver: Foreign[] = [];
  let newest: Omit<Chosen<Item, Got>, 'passedOver'> | undefined;
  let firstFault: CourierError | undefined;
  for await (const item of candidates) {
    if (passedOver.length === mostCandidates) break;
    const found = await readOrFault(choice, item);
    const isFault = found instanceof CourierError;
    const objection = isFault ? found.message : await accepts(found.output, asked);
    if (!isFault && objection === undefined) return { item, got: found, passedOver, objection };
    if (passedOver.length === 0 && isFault) firstFault = withOrigin(found, originOf(item));
    if (passedOver.length === 0 && !isFault) newest = { item, got: found, objection };
    const why = isFault ? withoutOrigin(found.message, originOf(item)) : (objection ?? '');
    passedOver.push({ name: nameOf(item), why });
  }
  const others = passedOver.slice(1);
  if (newest !== undefined) return { ...newest, passedOver: others };
  throw withPassedOver(firstFault ?? new CourierError('NO_OUTPUT', choice.nothing), others);
}

/** The same fault with the origin in front, unless it is named already. */
export function withOrigin(error: CourierError, origin: string): CourierError {
  return error.message.includes(origin) ? error : prefixError(error, origin);
}

function withoutOrigin(message: string, origin: string): string {
  return message.startsWith(origin) ? message.slice(origin.length).replace(/^:? /, '') : message;
}

/** Faults that one candidate can have; any other is that of the source, or ours. */
const ofOne: readonly FaultCode[] = ['MALFORMED', 'TOO_LARGE', 'REFUSED', 'LOCAL', 'TIMEOUT'];

async function readOrFault<Item, Got>(
  { read, asked }: Choice<Item, Got>,
  item: Item,
): Promise<Got | CourierError> {
  try {
    return await read(item);
  } catch (error) {
    const isOfOne = error instanceof CourierError && ofOne.includes(error.code);
    if (asked.signal.aborted || !isOfOne) throw error;
    return error;
  }
}

/** How many are named. */
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
