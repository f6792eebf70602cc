/** Waits for something that happens on its own, without a guess how long it takes. */

import { setTimeout as sleep } from 'node:timers/promises';

/** Between looks: a wait that spins takes the time of what it waits for. */
const pauseMs = 2;

/** No machine is so slow that what comes at all comes later. */
const longestMs = 120_000;

/**
 * Resolves when `isSo`.
 *
 * @throws Error when it has not come to pass in two minutes
 */
export async function waitUntil(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + longestMs;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error('it has not come to pass');
    await sleep(pauseMs);
  }
}
