/** How long a key is still good; loaded with every fetch, so it needs nothing else. */

const dayMs = 86_400_000;

/** How many days before its end a key is warned of. */
export const warnedDays = 30;

/** Whole days until a key ends, below zero afterwards; both in milliseconds since 1970. */
export function daysUntil(endMs: number, nowMs: number): number {
  return Math.floor((endMs - nowMs) / dayMs);
}
