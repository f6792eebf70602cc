/** Updates as a whole: every host, and how far the rollout has come. For status, pages and feeds. */

import type { Clock } from '../../clock.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { type Rollout, readRolloutFile } from '../repository/rollout-file.ts';
import { type RolloutOverview, toRolloutOverview } from '../rollout/overview.ts';
import { Placements } from '../rollout/placement.ts';
import { type Tally, tallyStages, toParticipant } from '../rollout/tally.ts';
import { type HostFacts, readHostFacts } from './host-facts.ts';
import { type HostStatus, toStatus, worstFirst } from './host-status.ts';

export interface UpdatesOverview {
  /** The worst first. */
  readonly hosts: readonly HostStatus[];
  /** The last one, also when it is done; null before the first. */
  readonly rollout: RolloutOverview | null;
}

/**
 * Reads the file of every host: for those who look now and then.
 *
 * @throws CourierError CONFIG; LOCAL
 */
export async function readUpdatesOverview(
  places: UpdatePlaces,
  clock: Pick<Clock, 'now'>,
): Promise<UpdatesOverview> {
  const facts = await readHostFacts(places, clock);
  const { rollout } = await readRolloutFile(places);
  const nowMs = clock.now();
  return {
    hosts: worstFirst(facts.map((one) => toStatus(one, nowMs))),
    rollout: rollout && toRolloutOverview(rollout, tallyFacts(rollout, facts, nowMs), nowMs),
  };
}

/** The stages of a rollout in numbers, as the files say. */
export function tallyFacts(
  rollout: Rollout,
  facts: readonly HostFacts[],
  nowMs: number,
): readonly Tally[] {
  const { stages } = new Placements({ rollout, removals: [] });
  const moment = { nowMs, listeningForMs: Number.POSITIVE_INFINITY };
  return tallyStages(rollout, stages, facts.map(toParticipant), moment);
}
