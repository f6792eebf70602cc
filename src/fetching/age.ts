/** Whether agent output is still good: checked here, once, for every transport. */

import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import type { Delivery } from '../transports/transport.ts';
import { formatDuration } from './durations.ts';

export interface AgeRule {
  /** Older is STALE. Infinity: any age will do. */
  readonly maxAgeMs: number;
  /** Further in the future is STALE too: a clock is wrong, and the age therefore unknown. */
  readonly maxSkewMs: number;
}

/**
 * Output whose time of production the transport cannot know passes.
 *
 * @throws CourierError STALE with the age and what is allowed
 */
export function checkAge(delivery: Delivery, rule: AgeRule, clock: Clock): void {
  if (delivery.producedAt === undefined) return;
  const ageMs = clock.now() - delivery.producedAt.getTime();
  if (Number.isNaN(ageMs)) throw stale(delivery, 'has no possible time of production');
  if (ageMs > rule.maxAgeMs) {
    const [age, allowed] = [formatDuration(ageMs), formatDuration(rule.maxAgeMs)];
    const isClose = age === allowed;
    throw stale(delivery, `is ${isClose ? 'just over ' : ''}${age} old, allowed are ${allowed}`);
  }
  if (-ageMs > rule.maxSkewMs) {
    const allowed = formatDuration(rule.maxSkewMs);
    throw stale(
      delivery,
      `is from ${formatDuration(-ageMs)} in the future, allowed are ${allowed}`,
    );
  }
}

function stale(delivery: Delivery, how: string): CourierError {
  return new CourierError('STALE', `${delivery.origin} ${how}`);
}
