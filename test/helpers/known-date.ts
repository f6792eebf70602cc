/** Times that a transport must have been able to tell. */

import assert from 'node:assert/strict';
import type { StatedTime } from '../../src/times/stated-time.ts';

/** The moment; fails the test when there is none or it could not be read. */
export function knownDate(time: StatedTime): Date {
  assert.ok(time instanceof Date, `no time but ${JSON.stringify(time)}`);
  return time;
}
