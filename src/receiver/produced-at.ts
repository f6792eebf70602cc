/** When the host says it produced its output. */

import { quote } from '../faults/errors.ts';
import { formatDuration } from '../times/durations.ts';
import { isFromFuture } from '../times/skew.ts';
import { isUnreadable, readStatedTime } from '../times/stated-time.ts';
import { Refusal } from './refusal.ts';

/**
 * `X-Produced-At`: seconds since the epoch (`date +%s`), or any other form of a time.
 *
 * @throws Refusal 400 when it cannot be read, or is from the future: nothing is acknowledged then
 */
export function parseProducedAt(
  header: string | readonly string[] | undefined,
  nowMs: number,
  maxSkewMs: number,
): Date | undefined {
  const producedAt = readStatedTime('X-Produced-At', header?.toString());
  if (isUnreadable(producedAt)) {
    const hint = 'send seconds since 1970, or a time as in RFC 3339';
    throw new Refusal('bad-request', `${producedAt.unreadable} is no time we can read; ${hint}`);
  }
  if (producedAt === undefined || !isFromFuture(producedAt, nowMs, maxSkewMs)) return producedAt;
  const ahead = formatDuration(producedAt.getTime() - nowMs);
  const allowed = formatDuration(maxSkewMs);
  const why = `X-Produced-At ${quote(header?.toString() ?? '')} is ${ahead} in the future`;
  throw new Refusal('bad-request', `${why}, allowed are ${allowed}; is a clock wrong?`);
}
