/** Waits for something that happens on its own, without a guess how long it takes. */

import { setImmediate } from 'node:timers/promises';

/** Resolves when `isSo`; the test's own time limit ends it otherwise. */
export async function waitUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate();
}
