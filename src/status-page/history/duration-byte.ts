/** Durations in one byte each, to within 4 %: enough for a plot. */

/** Longer ones count as so long. */
const longestS = 7 * 86_400;
/** Below it steps are even, above it each is a share. */
const finestS = 0.01;
const scale = 254 / Math.log1p(longestS / finestS);

/** What stands where nothing was measured. */
const noDuration = 0;

/** @returns 1 to 255; larger for a longer duration */
export function toDurationByte(seconds: number): number {
  const within = Math.min(longestS, Math.max(0, seconds));
  return 1 + Math.round(scale * Math.log1p(within / finestS));
}

/** @returns seconds; null where nothing was measured */
export function fromDurationByte(byte: number): number | null {
  if (byte === noDuration) return null;
  const seconds = finestS * Math.expm1((byte - 1) / scale);
  return Number(seconds.toPrecision(3));
}
