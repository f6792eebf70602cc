/** What a person does to a rollout, each with a line in the audit log. */

import { CourierError } from '../../faults/errors.ts';
import { counted } from '../../names/counted.ts';
import type { HostName } from '../../names/host-name.ts';
import { type Actor, recordDecision, userOf } from '../repository/audit.ts';
import { readHostTargets } from '../repository/host-targets.ts';
import { changeState } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { readPlan } from '../repository/plan.ts';
import { type Rollout, readRolloutFile, writeRolloutFile } from '../repository/rollout-file.ts';
import { Contacts } from '../server/contacts.ts';
import { readHostFacts } from '../server/host-facts.ts';
import { tallyFacts } from '../server/overview.ts';
import { changeRollout } from './changing.ts';
import { describeRollout, hold, open, resume } from './moves.ts';
import { makeRollout } from './starting.ts';

export type RolloutVerb = 'hold' | 'resume' | 'advance';

interface RolloutWish {
  readonly verb: RolloutVerb;
  /** For the audit log, and for whoever asks why. */
  readonly why: string;
  /** Opens every stage there is, not only the next. */
  readonly all: boolean;
}

/**
 * Holds a rollout, lets it go on, or opens its next stage before its time.
 *
 * @returns what has become of it, in words
 * @throws CourierError CONFIG where there is nothing to do that to; LOCAL
 */
export async function moveRollout(
  places: UpdatePlaces,
  { verb, why, all }: RolloutWish,
  actor: Actor,
): Promise<string> {
  const mover = { by: userOf(actor.env), at: new Date(actor.clock.now()).toISOString() };
  // Before the lock: every host is read for it.
  const facts = verb === 'resume' ? await readHostFacts(places, actor.clock) : [];
  const after = await changeRollout(places, actor, why, (rollout) => {
    const running = requireRunning(rollout);
    if (verb === 'hold') return requireMoving(running) && hold(running, mover, why);
    if (verb === 'resume') {
      if (running.hold === null) throw nothingTo('it is not on hold');
      return resume(running, tallyFacts(running, facts, actor.clock.now()));
    }
    requireMoving(running);
    if (running.opened.length === running.stages.length) throw nothingTo('every stage is open');
    return open(running, mover, all ? running.stages.length : 1);
  });
  return after === null ? '' : describeRollout(after);
}

function requireRunning(rollout: Rollout | null): Rollout {
  if (rollout === null) throw nothingTo('there is none; `cmk-courier updates publish` begins one');
  if (rollout.doneAt !== null) throw nothingTo('it is done');
  return rollout;
}

function requireMoving(rollout: Rollout): Rollout {
  if (rollout.hold === null) return rollout;
  throw nothingTo(`it is on hold already: ${rollout.hold.why}; \`updates rollout resume\``);
}

function nothingTo(why: string): CourierError {
  return new CourierError('CONFIG', `the rollout stays as it is: ${why}`);
}

/**
 * Begins anew with what is published, for hosts that do not have it: after `--at-once`, other stages,
 * or a damaged file.
 *
 * @throws CourierError CONFIG without stages in the plan, or when every host has its target; LOCAL
 */
export async function startRollout(places: UpdatePlaces, actor: Actor): Promise<string> {
  const stages = (await readPlan(places))?.stages;
  if (stages === undefined) {
    const how = 'write some, then `updates bake`';
    const without = `without ${places.rollout} every host gets what is published as soon as it asks`;
    throw new CourierError('CONFIG', `updates.yaml has no \`stages\`: ${how}; ${without}`);
  }
  const facts = await readBehind(places, actor);
  return changeState(places, async () => {
    const file = await readRolloutFile(places).catch(() => undefined);
    if (facts.length === 0) {
      if (file !== undefined) throw nothingTo('every host has what is published');
      return leaveDamaged(places, actor);
    }
    const targets = await readHostTargets(places.published);
    const rollout = makeRollout(facts, targets, stages, actor);
    const before = file === undefined ? 'damaged' : file.rollout;
    const words =
      before === null ? 'none' : typeof before === 'string' ? before : describeRollout(before);
    const after = `${describeRollout(rollout)}, for ${counted(facts.length, 'host')}`;
    await recordDecision(places, { what: 'rollout', before: words, after }, actor);
    await writeRolloutFile(places, { rollout, removals: file?.removals ?? [] });
    return after;
  });
}

/** Nobody waits for anything, and yet nobody is answered while the file is damaged. */
async function leaveDamaged(places: UpdatePlaces, actor: Actor): Promise<string> {
  await recordDecision(places, { what: 'rollout', before: 'damaged', after: 'none' }, actor);
  await writeRolloutFile(places, { rollout: null, removals: [] });
  return 'none: every host has what is published';
}

/** Hosts that do not have what is published for them; a damaged rollout does not matter here. */
async function readBehind(places: UpdatePlaces, { clock }: Actor): Promise<readonly HostName[]> {
  const targets = await readHostTargets(places.published);
  const contacts = await (await Contacts.open(places, clock)).list();
  const counters = new Map(
    contacts.map(({ host, standing }) => [host, standing?.installedCounter]),
  );
  return [...targets].flatMap(([host, { counter }]) => {
    return (counters.get(host) ?? 0) < counter ? [host] : [];
  });
}

/** Hosts whose updater is to be switched off, and that wait for somebody to confirm it. */
export async function listRemovals(places: UpdatePlaces): Promise<readonly HostName[]> {
  const { removals } = await readRolloutFile(places);
  const targets = await readHostTargets(places.published);
  return [...targets].flatMap(([host, { action }]) => {
    return action === 'remove-updater' && !removals.includes(host) ? [host] : [];
  });
}

/** What has to be typed. */
export function removalWords(hosts: readonly HostName[]): string {
  return `remove the updater from ${counted(hosts.length, 'host')}`;
}

/**
 * Lets the updater of hosts be switched off.
 *
 * @param hosts those that whoever typed it was shown
 * @throws CourierError CONFIG; LOCAL
 */
export async function confirmRemovals(
  places: UpdatePlaces,
  hosts: readonly HostName[],
  actor: Actor,
): Promise<void> {
  await changeState(places, async () => {
    const file = await readRolloutFile(places);
    const decision = {
      what: 'remove-updater',
      before: counted(file.removals.length, 'host'),
      after: `confirmed for ${hosts.join(', ')}`,
    };
    await recordDecision(places, decision, actor);
    await writeRolloutFile(places, { ...file, removals: [...file.removals, ...hosts].sort() });
  });
}
