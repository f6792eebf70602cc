/** A certificate that is good by one of both clocks alone has nothing wrong with it: a clock has. */

import { formatDuration } from '../../times/durations.ts';
import type { StepResult } from '../step.ts';
import type { HostSide } from './host-side.ts';
import { skewOf } from './peer-clock.ts';

/** Causes that a clock explains as well. */
const byTime = new Set<string>([
  'certificate-expired',
  'certificate-not-yet',
  'client-certificate-refused',
]);

/**
 * Judged when all has been seen, so that no step has to wait for a host that reports slowly.
 *
 * @param result of a step with the facts `valid_from` and `valid_until`
 */
export function byBothClocks(result: StepResult, hostSide: HostSide, nowMs: number): StepResult {
  const { code, evidence } = result;
  const skewMs = skewOf(hostSide);
  if (code === null || !byTime.has(code) || skewMs === undefined) return result;
  const [from, until] = [evidence['valid_from'], evidence['valid_until']].map((time) =>
    Date.parse(String(time)),
  );
  if (from === undefined || until === undefined) return result;
  const isGood = (atMs: number) => atMs >= from && atMs <= until;
  const [here, there] = [isGood(nowMs), isGood(nowMs + skewMs)];
  if (here === there) return result;
  const skew = `${formatDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead' : 'behind'}`;
  const good = here ? 'here, and not by the clock of the host' : 'by the clock of the host alone';
  const text = `fails: the certificate is good ${good}, which is ${skew}`;
  return { ...result, code: 'clock-wrong', text };
}
