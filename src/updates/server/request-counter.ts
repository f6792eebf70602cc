/**
 * Request counters of a host: replays, restored snapshots and cloned machines
 * (agent-updates.md#request-counter).
 */

/** What is known of the requests of a host. */
export interface CounterRow {
  /** The highest counter so far, 14 digits. */
  readonly counter: string;
  /**
   * Last counters of rows that somebody has begun, the newest last: one machine continues one row
   * only, so an older one that goes on belongs to a second machine.
   */
  readonly tips: readonly string[];
  /** Whether two machines have been seen to use one secret. */
  readonly isCloned: boolean;
}

const mostTips = 8;

/** Of a host that has just been registered. */
export function firstRow(counter: string): CounterRow {
  return { counter, tips: [counter], isCloned: false };
}

/**
 * What is known after a request; undefined for one that was used already. 14 digits compare as
 * texts.
 *
 * @param previous the counter that the sender used before
 */
export function countRequest(
  row: CounterRow,
  { counter, previous }: { readonly counter: string; readonly previous: string },
): CounterRow | undefined {
  if (counter <= row.counter) return undefined;
  const newest = row.tips.at(-1) ?? row.counter;
  // A request may be lost on its way: then its sender has counted further than we have.
  const continued = previous >= newest ? newest : previous;
  const isOlderRow = continued !== newest && row.tips.includes(continued);
  const tips = [...row.tips.filter((tip) => tip !== continued), counter].slice(-mostTips);
  return { counter, tips, isCloned: row.isCloned || isOlderRow };
}

/** The counter to go on from where the row of a host is lost: it must not fall. */
export function rowFromTime(stamp: string): CounterRow {
  return firstRow(stamp);
}
