/** The one deadline of a fetch, shared among its sources. */

/** The share of the remaining time that each source gets, in whole milliseconds; at least 1. */
export function shareOf(
  leftMs: number,
  sourcesLeft: number,
  timeoutMs: number | undefined,
): number {
  return Math.max(1, Math.min(Math.floor(leftMs / sourcesLeft), timeoutMs ?? leftMs));
}
