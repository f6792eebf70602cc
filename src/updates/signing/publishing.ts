/** `cmk-courier updates publish`: what is signed holds from now on, for all hosts at once. */

import type { CommandContext } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import { CourierError } from '../../faults/errors.ts';
import { counted } from '../../names/counted.ts';
import type { HostName } from '../../names/host-name.ts';
import { toStamp } from '../../sealing/stamp.ts';
import { findSigners, splitDocument } from '../documents/verifying.ts';
import { recordDecision } from '../repository/audit.ts';
import { readKept } from '../repository/by-digest.ts';
import { type HostTargets, readHostTargets, writeHostTargets } from '../repository/host-targets.ts';
import { changeState } from '../repository/opening.ts';
import { type UpdatePlaces, updatePlaces } from '../repository/places.ts';
import { readPlan } from '../repository/plan.ts';
import { type RolloutFile, readRolloutFile, writeRolloutFile } from '../repository/rollout-file.ts';
import { requireNewestRoot } from '../repository/root-files.ts';
import { readSwitch } from '../repository/switch.ts';
import { describeStart, planRollout } from '../rollout/starting.ts';
import { describeEnding, findEndings } from '../trust/expiry.ts';
import { sweep } from './sweeping.ts';

interface PublishWishes {
  readonly dir: string | undefined;
  readonly dryRun: boolean;
  /** Without stages, whatever the plan says. */
  readonly atOnce: boolean;
  readonly json: boolean;
}

/** What publishing changes. */
interface Change {
  readonly added: readonly HostName[];
  readonly changed: readonly HostName[];
  readonly removed: readonly HostName[];
}

/**
 * Publishes all that is signed, in one go.
 *
 * @throws CourierError CONFIG when nothing is signed, or what is signed would be refused by hosts
 */
export async function publish(wishes: PublishWishes, context: CommandContext): Promise<void> {
  const places = updatePlaces(context.env, wishes.dir);
  const good = await findGood(places);
  const stages = wishes.atOnce ? undefined : (await readPlan(places))?.stages;
  const { change, hosts, file } = await changeState(places, async () => {
    const [before, after] = await readBoth(places, good, context.clock.now());
    const found = compare(before, after);
    const was = await readRolloutFile(places);
    const planned = planRollout(was, { before, after, stages }, context);
    const done = { change: found, hosts: after.size, file: planned };
    if (wishes.dryRun || isNothing(found)) return done;
    const how = planned.rollout === was.rollout ? '' : `; ${describeStart(planned)}`;
    const words = `${describe(after)}; ${toText(found)}${how}`;
    const decision = { what: 'publish', before: describe(before), after: words };
    await recordDecision(places, decision, context);
    // Before the targets: nobody is to see them without their stages.
    if (!isSameFile(planned, was)) await writeRolloutFile(places, planned);
    await writeHostTargets(places.published, after);
    return done;
  });
  if (!wishes.dryRun) await sweep(places, context.clock.now());
  const rollout = describeStart(file);
  if (wishes.json) {
    return printJson({ isDryRun: wishes.dryRun, hosts, ...change, rollout }, context);
  }
  const endings = await findEndings(places, context.clock.now());
  const isOn = (await readSwitch(places)).isOn;
  const lines = [
    `${wishes.dryRun ? 'would be published' : 'published'} for ${hosts} hosts: ${toText(change)}`,
    ...(isNothing(change) || file.rollout === null ? [] : [rollout]),
    ...(await findRemovals(places, file)),
    ...(isOn ? [] : ['the master switch is off: `cmk-courier updates on` hands it out']),
    ...endings.map((ending) => `${ending.severity}: ${describeEnding(ending)}`),
  ];
  await context.writeOutput(Buffer.from(`${lines.join('\n')}\n`));
}

function isSameFile(planned: RolloutFile, was: RolloutFile): boolean {
  return planned.rollout === was.rollout && planned.removals.length === was.removals.length;
}

/** Updaters that are to be switched off, which nobody has confirmed. */
async function findRemovals(
  places: UpdatePlaces,
  { removals }: RolloutFile,
): Promise<readonly string[]> {
  const targets = await readHostTargets(places.published);
  const waiting = [...targets].filter(
    ([host, { action }]) => action === 'remove-updater' && !removals.includes(host),
  );
  if (waiting.length === 0) return [];
  const how = '`cmk-courier updates rollout remove-updater` confirms it';
  return [`switching the updater off waits for ${counted(waiting.length, 'host')}: ${how}`];
}

/**
 * Digests of the signed targets that hosts will believe: looked at outside of the lock, since it
 * takes a while for many.
 */
async function findGood(places: UpdatePlaces): Promise<ReadonlySet<string>> {
  const { root } = await requireNewestRoot(places);
  const good = new Set<string>();
  for (const { targetSha256, counter } of (await readHostTargets(places.signed)).values()) {
    const bytes = await readKept(places.targets, targetSha256);
    if (bytes === undefined || counter < root.floorCounter) continue;
    const signers = await findSigners(splitDocument(bytes, 'target'), root, 'release');
    if (signers.size >= root.thresholds.release) good.add(targetSha256);
  }
  return good;
}

/** What holds, and what is to hold. */
async function readBoth(
  places: UpdatePlaces,
  good: ReadonlySet<string>,
  nowMs: number,
): Promise<readonly [before: HostTargets, after: HostTargets]> {
  const before = await readHostTargets(places.published);
  const after = await readHostTargets(places.signed);
  if (after.size === 0) {
    throw new CourierError('CONFIG', 'nothing is signed; `cmk-courier updates sign` first');
  }
  const now = toStamp(new Date(nowMs));
  for (const [host, { counter, expires, targetSha256 }] of after) {
    if (!good.has(targetSha256)) throw toSign(`hosts would not believe the target of ${host}`);
    if (counter < (before.get(host)?.counter ?? 0)) throw toSign(`${host} has a newer target`);
    if (expires <= now) throw toSign(`the target of ${host} has ended`);
  }
  return [before, after];
}

function toSign(why: string): CourierError {
  return new CourierError('CONFIG', `${why}; \`cmk-courier updates sign\` makes it anew`);
}

function compare(before: HostTargets, after: HostTargets): Change {
  const isChanged = (host: HostName) =>
    before.get(host)?.targetSha256 !== after.get(host)?.targetSha256;
  return {
    added: [...after.keys()].filter((host) => !before.has(host)),
    changed: [...after.keys()].filter((host) => before.has(host) && isChanged(host)),
    removed: [...before.keys()].filter((host) => !after.has(host)),
  };
}

function isNothing({ added, changed, removed }: Change): boolean {
  return added.length + changed.length + removed.length === 0;
}

const mostNames = 10;

function toText(change: Change): string {
  const name = (word: string, hosts: readonly HostName[]) => {
    if (hosts.length === 0) return [];
    const names = hosts.slice(0, mostNames).join(', ');
    const more = hosts.length > mostNames ? ', …' : '';
    return [`${hosts.length} ${word} (${names}${more})`];
  };
  const { added, changed, removed } = change;
  const parts = [
    ...name('added', added),
    ...name('changed', changed),
    ...name('taken away', removed),
  ];
  return parts.length === 0 ? 'nothing changes' : parts.join(', ');
}

function describe(targets: HostTargets): string {
  const counters = [...targets.values()].map(({ counter }) => counter);
  const most = counters.reduce((one, other) => Math.max(one, other), 0);
  return `${counted(targets.size, 'host')}, counter up to ${most}`;
}
