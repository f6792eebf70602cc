/** Changes of the rollout on disk, each with a line in the audit log. */

import { type Actor, recordDecision } from '../repository/audit.ts';
import { changeState } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { type Rollout, readRolloutFile, writeRolloutFile } from '../repository/rollout-file.ts';
import { describeRollout } from './moves.ts';

/**
 * Makes of the rollout what `change` says, while nobody else changes the state.
 *
 * @param why for the audit log, behind what has become of it
 * @param change the same object for no change
 * @returns what there is then
 * @throws CourierError CONFIG; LOCAL; whatever `change` throws
 */
export async function changeRollout(
  places: UpdatePlaces,
  actor: Actor,
  why: string,
  change: (rollout: Rollout | null) => Rollout | null,
): Promise<Rollout | null> {
  return changeState(places, async () => {
    const file = await readRolloutFile(places);
    const after = change(file.rollout);
    if (after === file.rollout) return after;
    const [before, words] = [describe(file.rollout), describe(after)];
    const decision = { what: 'rollout', before, after: why === '' ? words : `${words}; ${why}` };
    await recordDecision(places, decision, actor);
    await writeRolloutFile(places, { ...file, rollout: after });
    return after;
  });
}

function describe(rollout: Rollout | null): string {
  return rollout === null ? 'none' : describeRollout(rollout);
}
