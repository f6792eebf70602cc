/** The system's own look-up (getaddrinfo), which knows more than DNS but holds a thread while it asks. */

import { lookup } from 'node:dns/promises';
import { untilAborted } from '../system/until-aborted.ts';
import type { Family, FoundAddress } from './found.ts';

/**
 * libuv gives look-ups half of its threads, four by default; one that hangs must leave one free.
 */
const mostAtOnce = 1;

let underWay = 0;
const waiting: (() => void)[] = [];

/**
 * Asks the system.
 *
 * @throws what node:dns throws; the signal's reason
 */
export async function askSystem(
  name: string,
  family: Family,
  signal: AbortSignal,
): Promise<readonly FoundAddress[]> {
  await takePlace(signal);
  const asking = lookup(name, { all: true, family }).finally(givePlace);
  const found = await untilAborted(asking, signal);
  return found.map(({ address, family: kind }) => ({ address, family: kind === 6 ? 6 : 4 }));
}

async function takePlace(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (underWay < mostAtOnce) {
    underWay += 1;
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const take = () => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    const giveUp = () => {
      waiting.splice(waiting.indexOf(take), 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    waiting.push(take);
  });
}

function givePlace(): void {
  const next = waiting.shift();
  if (next === undefined) underWay -= 1;
  else next();
}
