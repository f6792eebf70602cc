/** One cycle of one host: ask, keep, and lay ready what the site is to get. */

import type { Problem } from '../agent-output/problems.ts';
import { describeLosses, kindsOf } from '../agent-output/validator.ts';
import { CourierError, stderrLine } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Added } from '../fetching/added.ts';
import { type Outgoing, partsOf, toNewer } from '../fetching/outgoing.ts';
import type { RoutePlan } from '../fetching/plan.ts';
import { comesFromSpool, type PreparedRoute, planFor } from '../fetching/route-plan.ts';
import { daysLeft, endsSoon, requireOpened, type Seal } from '../fetching/sealed.ts';
import { sendByRoute } from '../fetching/sending.ts';
import { isSealed } from '../sealing/first-bytes.ts';
import { describeOlder } from '../spool/newest.ts';
import { letGo } from '../system/let-go.ts';
import { noteAttemptOf } from './attempt-note.ts';
import { findChanges, toBesideState } from './beside-state.ts';
import type { Entry, GoodSeal, Laid } from './entry.ts';
import { findNewer, isToBeKept, type Keepers, keep, keepLast, readLast } from './keeping.ts';
import type { Outlets } from './outlets.ts';
import { tellFault, tellOutput } from './telling.ts';

/** What all cycles share. */
export interface CycleSettings extends Keepers {
  /** A number from 0 to 1, which spreads hosts. */
  chance(): number;
  /** Hears whether something could be laid ready, and tells it. */
  readonly noteLaid: (fault: CourierError | undefined) => void;
  readonly outlets: Outlets;
  prepare(entry: Entry): Promise<PreparedRoute>;
}

/**
 * Never rejects: what goes wrong with one host is laid ready as its fault and noted in its entry.
 * Sets when the host is due again.
 */
export async function runCycle(entry: Entry, settings: CycleSettings): Promise<void> {
  const { clock, shutdown } = settings.context;
  const { targets } = entry;
  const startMs = clock.monotonic();
  // A stop is no fault of the host, and the outcome for an old target says nothing about the new
  // one.
  const isVain = () => shutdown.aborted || entry.targets !== targets;
  try {
    const prepared = await settings.prepare(entry);
    const rests = prepared.with.length === 0 ? {} : { rests: entry.rests(clock) };
    const noteAttempt = noteAttemptOf(entry, isVain, clock);
    const plan = { ...planFor(prepared, entry.target), ...rests, noteAttempt };
    const readKept = () => readLast(entry, settings);
    await sendByRoute(plan, settings.context, readKept, async (came) => {
      if (isVain()) return;
      const isOfSource = came.found !== undefined && !comesFromSpool(prepared);
      // Output without a time counts as made now: only a clock that was set back could make other
      // output newer.
      const mayBeOlder = isOfSource && came.found.producedAt !== undefined;
      const served = mayBeOlder ? await newestOf(came, entry, plan, settings) : came;
      if (isVain()) return;
      const validMs = note(entry, served, startMs, settings);
      layReady(entry, served, validMs, settings);
      tellOutput(entry, served, came, toldWith(entry, startMs, settings));
      if (served !== came || !isOfSource) return;
      if (isToBeKept(entry, clock)) return keep(entry, served.output, settings);
      entry.leftUnkept();
      // It has been written; without this, thousands of outputs would fill the memory until garbage
      // is collected.
      letGo(served.output);
      for (const { output } of served.added) letGo(output);
      for (const one of served.beside) if ('accepted' in one) letGo(one.accepted.output);
    });
  } catch (thrown) {
    if (isVain()) return;
    const error = asCourierError(thrown, 'fetching');
    const line = await layFaultReady(entry, error, settings);
    tellFault(entry, { code: error.code, line }, toldWith(entry, startMs, settings));
  } finally {
    const endedMs = clock.monotonic();
    entry.took(endedMs - startMs, endedMs);
  }
}

function toldWith(entry: Entry, startMs: number, settings: CycleSettings) {
  const durationMs = Math.round(settings.context.clock.monotonic() - startMs);
  return { outlets: settings.outlets, nextMs: untilNextMs(entry, settings), durationMs };
}

/** What came, or what was there already and was produced later. */
async function newestOf(
  came: Outgoing,
  entry: Entry,
  plan: RoutePlan,
  settings: CycleSettings,
): Promise<Outgoing> {
  const newer = await findNewer(entry, came.producedAt, settings);
  if (newer === undefined) return came;
  const { host } = entry.target;
  try {
    await requireOpened(newer, plan.rules, settings.context);
    const served = await toNewer(came, newer, plan, settings.context.clock);
    settings.log.info({ host }, describeOlder(came, newer));
    return served;
  } catch (thrown) {
    const { code, message } = asCourierError(thrown, 'looking at newer output');
    settings.log.warn({ host, code }, message);
    return came;
  }
}

/** Notes how a cycle went that brought output. @returns for how long it may lie ready */
function note(entry: Entry, served: Outgoing, startMs: number, settings: CycleSettings): number {
  const { maxAgeMs, graceMs } = entry.route.settings;
  if (served.fault === undefined) noteGood(entry, served, startMs, settings);
  else noteFault(entry, served.fault, settings);
  noteBeside(entry, served.added, settings);
  const nowMs = settings.context.clock.now();
  const leftMs = (producedAt: Date, longestMs: number) =>
    longestMs - Math.max(0, nowMs - producedAt.getTime());
  const ownMs = leftMs(served.producedAt, served.fault === undefined ? maxAgeMs : graceMs);
  // What was added must not lie there longer than it is good, either.
  const added = served.added.flatMap(({ producedAt }) => producedAt ?? []);
  const addedMs = added.map((producedAt) => leftMs(producedAt, maxAgeMs));
  // One whose source is followed is asked more seldom, but not after its output has expired.
  if (entry.isFollowed && Number.isFinite(ownMs)) {
    entry.planFor(
      Math.min(entry.dueMs, settings.context.clock.monotonic() + Math.max(1000, ownMs)),
    );
  }
  return Math.min(untilNextMs(entry, settings), ownMs, ...addedMs);
}

/** Said once when it begins and when it ends; the status shows the rest. */
function noteBeside(entry: Entry, added: readonly Added[], { log }: CycleSettings): void {
  const { host } = entry.target;
  const now = added.map(toBesideState);
  const { failed, back } = findChanges(entry.besideWas(now), now);
  for (const { source, code, message } of failed) {
    log.warn({ host, code, source }, `without ${source}: ${message}`);
  }
  for (const { source } of back) log.info({ host, source }, 'is added');
}

function noteGood(entry: Entry, served: Outgoing, startMs: number, settings: CycleSettings): void {
  const { producedAt, found, output, report } = served;
  const source = found === undefined ? '' : `${found.step.name} ${found.origin}`;
  const losses = found?.losses ?? [];
  const good = {
    producedAtMs: producedAt.getTime(),
    receivedAt: new Date(settings.context.clock.now()),
    source,
    bytes: output.length,
    aheadBytes: report.ahead.length,
    losses: kindsOf(losses),
    seal: found?.seal && toGoodSeal(found.seal),
  };
  if (found?.seal !== undefined) warnOfKey(found.seal, entry, settings);
  warnOfNew(losses, entry, settings);
  const began = { nowMs: startMs, chance: settings.chance() };
  const wasFaulty = entry.succeeded(good, began, settings.context.clock.monotonic());
  if (wasFaulty) settings.log.info({ host: entry.target.host, source }, 'back again');
}

function toGoodSeal({ label: key, stamp: sequence, expiresAtMs }: Seal): GoodSeal {
  return { key, sequence, expiresAtMs };
}

/** Said when it begins to end soon, and each day from then on. */
function warnOfKey(seal: Seal, entry: Entry, { log, context }: CycleSettings): void {
  const nowMs = context.clock.now();
  const before = entry.lastGood;
  const days = daysLeft(seal, nowMs);
  const isSaid =
    before?.seal?.key === seal.label && daysLeft(before.seal, before.receivedAt.getTime()) === days;
  if (!endsSoon(seal, nowMs) || isSaid) return;
  log.warn({ host: entry.target.host }, `the key "${seal.label}" expires in ${days} days`);
}

/** Said when it is another kind of loss than the cycle before had. */
function warnOfNew(losses: readonly Problem[], entry: Entry, { log }: CycleSettings): void {
  if (losses.length === 0 || kindsOf(losses) === entry.lastGood?.losses) return;
  log.warn({ host: entry.target.host }, describeLosses(losses));
}

/** Said once when it begins; the status shows the rest. @returns the line for stderr */
function noteFault(entry: Entry, error: CourierError, settings: CycleSettings): string {
  const { clock } = settings.context;
  const { host } = entry.target;
  const line = stderrLine(error, error.where ?? ['collect', host]);
  const ended = { nowMs: clock.monotonic(), chance: settings.chance() };
  const wasGood = entry.failed({ error, line, atMs: clock.now() }, ended);
  if (wasGood) settings.log.warn({ host, code: error.code }, line);
  return line;
}

/** What the next cycle may take beyond its deadline: waiting for its turn, and grace. */
const slackMs = 10_000;

/**
 * Hosts that hang wait for each other. Telling a fault for longer does no harm: no old output hides
 * behind it.
 */
const faultSlackMs = 60_000;

/** The time until the next cycle has surely ended. */
function untilNextMs(entry: Entry, { context }: CycleSettings): number {
  const leftMs = Math.max(0, entry.dueMs - context.clock.monotonic());
  return leftMs + entry.route.settings.deadlineMs + slackMs;
}

/** It expires when its age is too high, even if the collector has died by then. */
function layReady(entry: Entry, served: Outgoing, validMs: number, settings: CycleSettings): void {
  const { fault } = served;
  if (isSealed(served.output)) {
    laySealedReady(entry, served, validMs, settings);
    return;
  }
  const graceFor = fault === undefined ? undefined : entry.lastFault?.line;
  tryToLay(entry, settings, fault === undefined ? 'output' : 'grace', () =>
    settings.ready.publish(
      entry.target.host,
      { parts: partsOf(served), graceFor },
      { validMs, address: addressOf(entry) },
    ),
  );
}

/** A site that asked here would take a drop for agent output; it is for those it is passed on to. */
function laySealedReady(
  entry: Entry,
  { found }: Outgoing,
  validMs: number,
  settings: CycleSettings,
): void {
  const { host } = entry.target;
  const why = 'this is sealed, and is passed on as it is; it is not opened here';
  const error = new CourierError('REFUSED', why);
  const { exitCode } = error;
  const line = stderrLine(error, [found?.step.name ?? 'collect', host]);
  tryToLay(entry, settings, 'fault', () =>
    settings.ready.publishFault(host, { line, exitCode }, { validMs, address: addressOf(entry) }),
  );
}

/** @returns the line for stderr */
async function layFaultReady(
  entry: Entry,
  error: CourierError,
  settings: CycleSettings,
): Promise<string> {
  await keepLast(entry, settings);
  const line = noteFault(entry, error, settings);
  tryToLay(entry, settings, 'fault', () =>
    settings.ready.publishFault(
      entry.target.host,
      { line, exitCode: error.exitCode },
      { validMs: untilNextMs(entry, settings) + faultSlackMs, address: addressOf(entry) },
    ),
  );
  return line;
}

/** Where only the site knows the address, output for an old address must not be served. */
function addressOf({ routed: { isAsked, target } }: Entry): string | undefined {
  return isAsked ? target.address : undefined;
}

/** A full RAM directory means that the site asks for itself; the next cycle tries again. */
function tryToLay(entry: Entry, { noteLaid }: CycleSettings, what: Laid, lay: () => void): void {
  if (entry.routed.isToRenew) return;
  try {
    lay();
    entry.laidReady(what);
    noteLaid(undefined);
  } catch (thrown) {
    entry.laidReady('nothing');
    noteLaid(asCourierError(thrown, 'laying output ready'));
  }
}
