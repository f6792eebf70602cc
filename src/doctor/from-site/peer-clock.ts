/** The clock of the host, where its report tells it. */

import type { X509Certificate } from 'node:crypto';
import type { HostReport } from '../report/host-report.ts';

/** Less than that is the time that the report was on its way. */
const leastMs = 60_000;

/**
 * How far the clock of the host is ahead of ours; undefined when nobody knows, or it is not. The time
 * of a report that was fetched or received is by our clock.
 */
export function skewOf(report: HostReport | undefined): number | undefined {
  if (report === undefined || report.started === null) return undefined;
  for (const { evidence } of report.steps) {
    if (!('epoch' in evidence) || evidence.epoch === undefined) continue;
    const skewMs = evidence.epoch * 1000 - Date.parse(report.started);
    return Math.abs(skewMs) < leastMs ? undefined : skewMs;
  }
  return undefined;
}

export function isGoodAt({ validFromDate, validToDate }: X509Certificate, timeMs: number): boolean {
  return timeMs >= validFromDate.getTime() && timeMs <= validToDate.getTime();
}
