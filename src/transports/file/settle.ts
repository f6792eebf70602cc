/** Looks again at what is just being written. */

import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logging/log.ts';
import type { Drop, Look } from './drop.ts';

/** A writer that renames is done within the first, one that adds a sum afterwards within all. */
const pausesMs: readonly number[] = [50, 200, 750];

interface Waiting {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Looks until what is there has settled, four times at most, and throws the last fault then.
 *
 * @throws what `look` throws; the signal's reason
 */
export async function untilSettled(
  look: () => Promise<Look>,
  { clock, log, signal }: Waiting,
): Promise<Drop> {
  for (const pauseMs of pausesMs) {
    const found = await look();
    if ('drop' in found) return found.drop;
    const { code, message } = found.unsettled;
    log.debug({ code, pauseMs }, `reading again: ${message}`);
    await clock.sleep(pauseMs, signal);
  }
  const last = await look();
  if ('drop' in last) return last.drop;
  throw last.unsettled;
}
