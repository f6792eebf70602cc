/** One cycle of one host: ask, keep, and lay ready what the site is to get. */

import type { CommandContext } from '../cli/command.ts';
import { type CourierError, stderrLine } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { comesFromSpool, type PreparedRoute, planFor } from '../fetching/route-plan.ts';
import { type Served, serveRoute } from '../fetching/serving.ts';
import type { Logger } from '../logging/log.ts';
import type { ReadyDirectory } from '../ready/ready-directory.ts';
import type { Spool } from '../spool/spool.ts';
import { afterFault, cleanHistory, delayMs } from './backoff.ts';
import type { Entry } from './entry.ts';
import { isToBeKept, keep, keepLast, readLast } from './keeping.ts';

/** What all cycles share. */
export interface CycleSettings {
  /** Its log is for the fetches. */
  readonly context: CommandContext;
  /** For what changes with a host. */
  readonly log: Logger;
  readonly ready: ReadyDirectory;
  readonly spool: Spool;
  readonly spoolDirectory: string;
  prepare(entry: Entry): Promise<PreparedRoute>;
}

/**
 * Never rejects: what goes wrong with one host is laid ready as its fault and noted in its entry.
 * Sets when the host is due again.
 */
export async function runCycle(entry: Entry, settings: CycleSettings): Promise<void> {
  const { clock, shutdown } = settings.context;
  const startMs = clock.monotonic();
  let isDone = false;
  try {
    const prepared = await settings.prepare(entry);
    const plan = planFor(prepared, entry.target);
    const readKept = () => readLast(entry, settings);
    await serveRoute(plan, settings.context, readKept, async (served) => {
      isDone = true;
      if (served.fault === undefined) noteGood(entry, served, startMs, settings);
      else noteFault(entry, served.fault, settings);
      layReady(entry, served, settings);
      if (served.found === undefined || comesFromSpool(prepared)) return;
      if (isToBeKept(entry, clock)) await keep(entry, served.output, settings);
      else entry.isUnkept = true;
    });
  } catch (thrown) {
    const error = asCourierError(thrown, 'fetching');
    // A stop is no fault of the host, and what is ready stays so.
    if (error.code === 'INTERRUPTED' && shutdown.aborted) return;
    if (isDone) settings.log.warn({ host: entry.target.host }, error.message);
    else await layFaultReady(entry, error, settings);
  } finally {
    entry.durationMs = clock.monotonic() - startMs;
  }
}

function noteGood(entry: Entry, served: Served, startMs: number, settings: CycleSettings): void {
  const { producedAt, found, output, report } = served;
  const source = found === undefined ? '' : `${found.step.name} ${found.origin}`;
  const wasFaulty = entry.history.failures > 0;
  entry.history = cleanHistory;
  entry.lastGood = {
    producedAtMs: producedAt.getTime(),
    source,
    bytes: output.length,
    reportBytes: report.length,
  };
  scheduleNext(entry, startMs, settings);
  if (wasFaulty) settings.log.info({ host: entry.target.host, source }, 'back again');
}

/** Said once when it begins; the status shows the rest. */
function noteFault(entry: Entry, error: CourierError, settings: CycleSettings): void {
  const { log } = settings;
  const { clock } = settings.context;
  const { host } = entry.target;
  const line = stderrLine(error, error.where ?? ['collect', host]);
  if (entry.history.failures === 0) log.warn({ host, code: error.code }, line);
  entry.history = afterFault(entry.history, error.code);
  entry.lastFault = { error, line, atMs: clock.now() };
  scheduleNext(entry, clock.monotonic(), settings);
}

/** From the start of a good cycle on, so that slow hosts keep their interval. */
function scheduleNext(entry: Entry, fromMs: number, { context }: CycleSettings): void {
  const nextMs = fromMs + delayMs(entry.everyMs, entry.history, Math.random());
  entry.dueMs = Math.max(nextMs, context.clock.monotonic());
}

/** What the next cycle may take beyond its deadline: waiting for its turn, and grace. */
const slackMs = 10_000;

/** Those who hang wait for each other; a fault that is told for longer hides no old output. */
const faultSlackMs = 60_000;

/** Until the next cycle has surely ended. */
function untilNextMs(entry: Entry, { context }: CycleSettings): number {
  const leftMs = Math.max(0, entry.dueMs - context.clock.monotonic());
  return leftMs + entry.route.settings.deadlineMs + slackMs;
}

/** Ready no longer than until its age is too high, whatever becomes of us. */
function layReady(entry: Entry, served: Served, settings: CycleSettings): void {
  const { maxAgeMs, graceMs } = entry.route.settings;
  const isGrace = served.fault !== undefined;
  const ageMs = settings.context.clock.now() - served.producedAt.getTime();
  const longestMs = isGrace ? graceMs : maxAgeMs;
  const validMs = Math.min(untilNextMs(entry, settings), longestMs - Math.max(0, ageMs));
  const parts = served.report.length === 0 ? [served.output] : [served.report, served.output];
  const output = { parts, graceFor: isGrace ? entry.lastFault?.line : undefined };
  tryToLay(entry, settings, isGrace ? 'grace' : 'output', () =>
    settings.ready.publish(entry.target.host, output, { validMs, address: addressOf(entry) }),
  );
}

async function layFaultReady(
  entry: Entry,
  error: CourierError,
  settings: CycleSettings,
): Promise<void> {
  await keepLast(entry, settings);
  noteFault(entry, error, settings);
  const line = entry.lastFault?.line ?? error.message;
  tryToLay(entry, settings, 'fault', () =>
    settings.ready.publishFault(
      entry.target.host,
      { line, exitCode: error.exitCode },
      { validMs: untilNextMs(entry, settings) + faultSlackMs, address: addressOf(entry) },
    ),
  );
}

/** Where the site alone knows the address, it is to be asked anew when that changes. */
function addressOf({ isAsked, target }: Entry): string | undefined {
  return isAsked ? target.address : undefined;
}

/** A full RAM directory means that the site asks for itself; the next cycle tries again. */
function tryToLay(
  entry: Entry,
  { context }: CycleSettings,
  what: Entry['served'],
  lay: () => void,
): void {
  const { host } = entry.target;
  try {
    lay();
    entry.served = what;
  } catch (thrown) {
    const { code, message } = asCourierError(thrown, 'laying output ready');
    if (entry.served !== 'nothing') context.log.warn({ host, code }, message);
    entry.served = 'nothing';
  }
}
