/** The clock of the host, where its report tells it. */

import type { HostSide } from './host-side.ts';

/** Less than that is the time that the report was on its way. */
const leastMs = 60_000;

/**
 * How far the clock of the host is ahead of ours; undefined when nobody knows, or it is not. The time
 * of a report that was fetched or received is by our clock.
 */
export function skewOf(hostSide: HostSide | undefined): number | undefined {
  if (hostSide?.lookedMs === undefined) return undefined;
  for (const { evidence } of hostSide.report.steps) {
    if (!('epoch' in evidence) || evidence.epoch === undefined) continue;
    const skewMs = evidence.epoch * 1000 - hostSide.lookedMs;
    return Math.abs(skewMs) < leastMs ? undefined : skewMs;
  }
  return undefined;
}
