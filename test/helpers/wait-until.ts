/** Waits for something that happens on its own, without a guess how long it takes. */

import { setTimeout as sleep } from 'node:timers/promises';

/** Between looks: a wait that spins takes the time of what it waits for. */
const pauseMs = 2;

/** Resolves when `isSo`; the test's own time limit ends it otherwise. */
export async function waitUntil(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(pauseMs);
}
