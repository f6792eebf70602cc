/** The highest counter that is known to have been used, wherever it is known from. */

import { readCounter } from '../repository/counter.ts';
import type { HostStanding } from '../repository/host-standings.ts';
import type { HostTargets } from '../repository/host-targets.ts';
import type { UpdatePlaces } from '../repository/places.ts';

/**
 * How far above our own counter a host is believed: after a restore it may know more than we do,
 * but one that lies must not use the numbers up.
 */
const mostAhead = 1_000_000;

/**
 * The highest counter of the root, of targets and of what hosts reported.
 *
 * @throws CourierError CONFIG; LOCAL
 */
export async function highestUsed(
  places: UpdatePlaces,
  known: {
    readonly floorCounter: number;
    readonly targets: HostTargets;
    readonly standings: readonly HostStanding[];
  },
): Promise<number> {
  const own = Math.max(
    await readCounter(places),
    known.floorCounter,
    ...[...known.targets.values()].map(({ counter }) => counter),
  );
  const reported = known.standings
    .map(({ counter }) => counter ?? 0)
    .filter((counter) => counter <= own + mostAhead);
  return reported.reduce((most, counter) => Math.max(most, counter), own);
}
