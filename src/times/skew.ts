/** How far clocks may differ. */

/**
 * How far ahead of ours a time may be: the default of `--max-skew`, and what holds wherever
 * nobody sets it. Nothing later is accepted, written or read back; so a wrong clock keeps no
 * right one out.
 */
export const defaultMaxSkewMs = 60_000;

/** The same as an option has it. */
export const defaultMaxSkew = '1m';

/** Whether a moment is later than clocks that differ a little could explain. */
export function isFromFuture(
  moment: Date,
  nowMs: number,
  maxSkewMs: number = defaultMaxSkewMs,
): boolean {
  return moment.getTime() - nowMs > maxSkewMs;
}
