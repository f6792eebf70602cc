/** Looks again at a file that is just being written. */

import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logging/log.ts';
import type { Look } from './read-drop.ts';

/**
 * Pauses between looks. A writer that renames is done within the first; one that adds a sum
 * afterwards, within all of them.
 */
const pausesMs: readonly number[] = [50, 200, 750];

interface Waiting {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Looks until the file has settled, at most four times; then throws the last fault.
 *
 * @param look called with true for the last look
 * @throws what `look` throws; the signal's reason
 */
export async function untilSettled<Found>(
  look: (isLast: boolean) => Promise<Look<Found>>,
  { clock, log, signal }: Waiting,
): Promise<Found> {
  for (const pauseMs of pausesMs) {
    const found = await look(false);
    if ('drop' in found) return found.drop;
    const { code, message } = found.unsettled;
    log.debug({ code, pauseMs }, `reading again: ${message}`);
    await clock.sleep(pauseMs, signal);
  }
  const last = await look(true);
  if ('drop' in last) return last.drop;
  throw last.unsettled;
}
