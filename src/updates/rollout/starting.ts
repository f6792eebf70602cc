/** Begins a rollout: for the hosts that get something else, and those that the one before has not reached. */

import { randomBytes } from 'node:crypto';
import { counted } from '../../names/counted.ts';
import { type HostName, isHostName } from '../../names/host-name.ts';
import { type Actor, userOf } from '../repository/audit.ts';
import type { HostTarget, HostTargets } from '../repository/host-targets.ts';
import type { Rollout, RolloutFile, Stage } from '../repository/rollout-file.ts';
import { describeRollout, open } from './moves.ts';

/** What holds, and what is to hold. */
export interface Publishing {
  readonly before: HostTargets;
  readonly after: HostTargets;
  /** Undefined: all at once. */
  readonly stages: readonly Stage[] | undefined;
}

/** Hosts that get something else than they had; a target that was only signed anew is not. */
function findMoved({ before, after }: Omit<Publishing, 'stages'>): readonly HostName[] {
  return [...after].flatMap(([host, target]) => (isSame(before.get(host), target) ? [] : [host]));
}

function isSame(before: HostTarget | undefined, after: HostTarget): boolean {
  return before?.action === after.action && before.packageSha256 === after.packageSha256;
}

/**
 * The rollouts as they are to be before anything is published. Where nothing but signatures has
 * changed, the one that is under way goes on.
 */
export function planRollout(file: RolloutFile, publishing: Publishing, actor: Actor): RolloutFile {
  const { after, stages } = publishing;
  const moved = new Set<string>(findMoved(publishing));
  const removals = file.removals.filter((host) => isRemoval(host, after));
  if (moved.size === 0) return { rollout: file.rollout, removals };
  if (stages === undefined) return { rollout: without(file.rollout, moved), removals };
  const isMeant = (host: string) => moved.has(host) || isUnfinished(file.rollout, host);
  const hosts = [...after.keys()].filter(isMeant);
  return { rollout: makeRollout(hosts, after, stages, actor), removals };
}

function isRemoval(host: string, targets: HostTargets): boolean {
  return isHostName(host) && targets.get(host)?.action === 'remove-updater';
}

/** What was held back stays so, but for those that get something else at once. */
function without(rollout: Rollout | null, moved: ReadonlySet<string>): Rollout | null {
  if (rollout === null) return null;
  const left = Object.entries(rollout.hosts).filter(([host]) => !moved.has(host));
  return left.length === 0 ? null : { ...rollout, hosts: Object.fromEntries(left) };
}

/** Of the rollout before, whether it has reached it or not: a new one stops it. */
function isUnfinished(rollout: Rollout | null, host: string): boolean {
  return rollout !== null && rollout.doneAt === null && rollout.hosts[host] !== undefined;
}

/** With its first stage open. */
export function makeRollout(
  hosts: readonly HostName[],
  targets: HostTargets,
  stages: readonly Stage[],
  actor: Actor,
): Rollout {
  const [by, at] = [actor.by ?? userOf(actor.env), new Date(actor.clock.now()).toISOString()];
  const counters = hosts.flatMap((host) => {
    const counter = targets.get(host)?.counter;
    return counter === undefined ? [] : [[host, counter] as const];
  });
  const rollout: Rollout = {
    ...{ id: randomBytes(16).toString('hex'), startedAt: at, startedBy: by, stages },
    hosts: Object.fromEntries(counters),
    ...{ opened: [], hold: null, doneAt: null },
  };
  return open(rollout, { by, at });
}

/** What comes of a publication, in words. */
export function describeStart({ rollout }: RolloutFile): string {
  if (rollout === null) return 'every host gets it as soon as it asks';
  const { hosts, stages, id } = rollout;
  const number = Object.keys(hosts).length;
  const state = describeRollout(rollout);
  return `rollout ${id.slice(0, 8)} brings it to ${counted(number, 'host')} in ${counted(stages.length, 'stage')}: ${state}`;
}
