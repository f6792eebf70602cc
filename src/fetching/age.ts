/** Whether agent output is still good: checked here, once, for every transport. */

import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { formatDuration } from '../times/durations.ts';
import { isFromFuture } from '../times/skew.ts';
import { isUnreadable } from '../times/stated-time.ts';
import type { Delivery } from '../transports/transport.ts';

export interface AgeRule {
  /** Older output is STALE; Infinity accepts any age. */
  readonly maxAgeMs: number;
  /**
   * Output from further in the future is STALE as well: a clock is wrong, so the age is unknown.
   */
  readonly maxSkewMs: number;
}

/** What the check reads. */
type Dated = Pick<Delivery, 'origin' | 'producedAt'>;

/**
 * Checks the age of a delivery. Output passes when no time of production is stated. When a time is
 * stated and cannot be read, the output may be of any age, and passes only where any age is
 * accepted.
 *
 * @returns when it was produced, if that is known
 * @throws CourierError STALE with the age and what is allowed, or with what cannot be read
 */
export function checkAge(delivery: Dated, rule: AgeRule, clock: Clock): Date | undefined {
  const { producedAt } = delivery;
  if (producedAt === undefined) return undefined;
  if (isUnreadable(producedAt)) {
    if (rule.maxAgeMs === Number.POSITIVE_INFINITY) return undefined;
    throw stale(delivery, `is of unknown age: ${producedAt.unreadable} is no time we can read`);
  }
  const ageMs = clock.now() - producedAt.getTime();
  if (Number.isNaN(ageMs)) throw stale(delivery, 'has no possible time of production');
  if (ageMs > rule.maxAgeMs) {
    const [age, allowed] = [formatDuration(ageMs), formatDuration(rule.maxAgeMs)];
    const isClose = age === allowed;
    throw stale(delivery, `is ${isClose ? 'just over ' : ''}${age} old, allowed are ${allowed}`);
  }
  if (isFromFuture(producedAt, clock.now(), rule.maxSkewMs)) {
    const allowed = formatDuration(rule.maxSkewMs);
    throw stale(
      delivery,
      `is from ${formatDuration(-ageMs)} in the future, allowed are ${allowed}`,
    );
  }
  return producedAt;
}

function stale(delivery: Dated, how: string): CourierError {
  return new CourierError('STALE', `${delivery.origin} ${how}`);
}
