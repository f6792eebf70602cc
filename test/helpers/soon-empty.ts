/** What must be gone a moment later: processes and handles end after those who ended them. */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 10_000;

/** Fails when what `list` gives does not become empty. */
export async function assertSoonEmpty(
  complaint: string,
  list: () => readonly unknown[] | Promise<readonly unknown[]>,
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  let left = await list();
  while (left.length > 0 && performance.now() < giveUpAt) {
    await sleep(10);
    left = await list();
  }
  assert.deepEqual(left, [], complaint);
}
