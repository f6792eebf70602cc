/** The one deadline of a fetch, shared among its sources. */

/** What each source gets of what is left, in whole milliseconds; at least 1. */
export function shareOf(
  leftMs: number,
  sourcesLeft: number,
  timeoutMs: number | undefined,
): number {
  return Math.max(1, Math.min(Math.floor(leftMs / sourcesLeft), timeoutMs ?? leftMs));
}
