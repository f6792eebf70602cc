/** Why an enrolled key is not believed all the same. */

import { CourierError } from '../faults/errors.ts';
import { type EnrolledKey, endOfDay } from './enrolment.ts';
import { fingerprintOf } from './keys.ts';

/** REFUSED for a key that was taken back or has expired, whatever the drop says. */
export function findKeyFault(key: EnrolledKey, nowMs: number): CourierError | undefined {
  const name = `the key "${key.label}" (${fingerprintOf(key.id)})`;
  if (key.revoked !== undefined) {
    return new CourierError('REFUSED', `sealed with ${name}, which was revoked on ${key.revoked}`);
  }
  if (key.until === undefined || nowMs < endOfDay(key.until)) return undefined;
  return new CourierError('REFUSED', `sealed with ${name}, which was good until ${key.until}`);
}
