/** Where a host stands in a rollout: the stage that reaches it, and whether that one is open. */

import { createHash } from 'node:crypto';
import type { HostTarget } from '../repository/host-targets.ts';
import {
  type Hold,
  type Rollout,
  type RolloutFile,
  type Stage,
  whole,
} from '../repository/rollout-file.ts';

/** What a decision needs to know of rollouts. */
export interface Placement {
  /** The stage of the host; undefined for a host that no rollout is for. */
  readonly stage:
    | { readonly name: string; readonly isOpen: boolean; readonly at: number }
    | undefined;
  /** Why the rollout that the host belongs to stands still. */
  readonly hold: Hold | undefined;
  /** Whether its target would switch its updater off, and nobody has confirmed that. */
  readonly isUnconfirmedRemoval: boolean;
}

/** Of a host that no rollout is for. */
export const unplaced: Placement = {
  stage: undefined,
  hold: undefined,
  isUnconfirmedRemoval: false,
};

/** Where in a rollout a host comes, 0 to 9999: nobody can choose it, and each rollout mixes anew. */
export function bucketOf(rolloutId: string, host: string): number {
  const digest = createHash('sha256').update(`${rolloutId}\n${host}`).digest('hex');
  return Number.parseInt(digest.slice(0, 8), 16) % whole;
}

/** The stages of all hosts of a rollout, worked out once. */
export class Placements {
  readonly file: RolloutFile;
  /** Of each host of the rollout the first stage that reaches it. */
  readonly stages: ReadonlyMap<string, number>;
  readonly #removals: ReadonlySet<string>;

  /** @param stages where they are known already */
  constructor(file: RolloutFile, stages?: ReadonlyMap<string, number>) {
    this.file = file;
    this.stages = stages ?? (file.rollout === null ? new Map() : toStages(file.rollout));
    this.#removals = new Set(file.removals);
  }

  /** The same hosts in a rollout that has moved on. */
  with(rollout: Rollout): Placements {
    return new Placements({ ...this.file, rollout }, this.stages);
  }

  of(host: string, target: Pick<HostTarget, 'action'> | undefined): Placement {
    const { rollout } = this.file;
    const at = this.stages.get(host);
    const isUnconfirmedRemoval = target?.action === 'remove-updater' && !this.#removals.has(host);
    if (rollout === null || at === undefined) return { ...unplaced, isUnconfirmedRemoval };
    const name = rollout.stages[at]?.name ?? '';
    const stage = { name, at, isOpen: at < rollout.opened.length };
    return { stage, hold: rollout.hold ?? undefined, isUnconfirmedRemoval };
  }
}

function toStages({ id, stages, hosts }: Rollout): ReadonlyMap<string, number> {
  const meant = stages.map(({ hosts: names }) => names && new Set(names));
  return new Map(
    Object.keys(hosts).map((host) => {
      const bucket = bucketOf(id, host);
      const reaches = ({ share }: Stage, at: number) =>
        bucket < share && meant[at]?.has(host) !== false;
      const first = stages.findIndex(reaches);
      // The schema wants a last stage with all hosts; without it the last one waits for a person.
      return [host, first < 0 ? stages.length - 1 : first] as const;
    }),
  );
}
