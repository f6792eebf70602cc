/** `cmk-courier hostcheck`: a host check command for hosts that cannot be pinged. */

import { existsSync } from 'node:fs';
import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { printJson } from '../cli/json-document.ts';
import { parseDuration, parsePath } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { findLeft, isCollecting } from '../collector/ask-status.ts';
import { CourierError, cleanText, stderrLine } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { type HostName, parseHostName } from '../names/host-name.ts';
import { isNotOfHost, isOfHost } from '../ready/fault-lines.ts';
import { findReadyDirectory, placesBeside } from '../ready/places.ts';
import { readReady } from '../ready/reading.ts';
import { systemUptime } from '../ready/uptime.ts';
import { type FarHost, findFarFault, lookUpRelayed } from '../relay/looking.ts';
import { defaultRoutesPath, loadRoutes } from '../routes/load.ts';
import { defaultSpoolDirectory } from '../spool/directories.ts';
import { collectorOrigin } from '../spool/origins.ts';
import { readSpooled } from '../spool/reading.ts';
import type { SpooledOutput } from '../spool/record.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import { untilAborted } from '../system/until-aborted.ts';
import { formatDuration } from '../times/durations.ts';
import { defaultMaxSkew } from '../times/skew.ts';

const options = {
  ready: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'the ready directory of the collector; by default tmp/cmk-courier/ready of the site',
    parse: parsePath,
  },
  spool: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'where the last good output is; by default var/cmk-courier/spool of the site',
    parse: parsePath,
  },
  maxAge: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how old output in the spool may be for the host to be up',
    parse: parseDuration,
    fallback: '5m',
  },
  maxSkew: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'output from further in the future counts as absent',
    parse: parseDuration,
    fallback: defaultMaxSkew,
  },
  json: { kind: 'switch', describe: 'print one JSON document, for programs' },
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

export const hostcheck: CommandModule = defineCommand({
  summary: 'say whether a host is up, by its agent output: a plug-in for host checks',
  usage: 'hostcheck HOST',
  examples: [
    [
      'hostcheck $HOSTNAME$',
      'UP (0) with fresh output, DOWN (2) without, UNKNOWN (3) if it cannot tell',
    ],
    ['hostcheck $HOSTNAME$ --max-age=15m', 'for hosts that push seldom'],
  ],
  options,
  isPlugin: true,
  run,
});

/** What Nagios and Checkmk make of a host check (Nagios plug-in API). */
const exitCodes = { UP: 0, DOWN: 2, UNKNOWN: 3 } as const;

interface Verdict {
  readonly state: keyof typeof exitCodes;
  readonly text: string;
  readonly metrics?: string;
  /** Of output in the spool. */
  readonly ageMs?: number;
  readonly maxAgeMs?: number;
}

async function run(
  operands: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  if (values.json) return runForPrograms(operands, values, context);
  const { state, text, metrics } = await judge(operands, values, context);
  const performance = metrics === undefined ? '' : ` | ${metrics}`;
  await context.writeOutput(Buffer.from(`${state} - ${cleanText(text)}${performance}\n`));
  context.exitWith?.(exitCodes[state]);
}

/** A document even where nothing can be told. */
async function runForPrograms(
  operands: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  const verdict = await judge(operands, values, context).catch((thrown: unknown): Verdict => {
    const error = asCourierError(thrown, 'unexpected');
    if (error.code === 'INTERRUPTED' || error.code === 'INTERNAL') throw error;
    return { state: 'UNKNOWN', text: stderrLine(error, error.where ?? ['hostcheck']) };
  });
  const { metrics: _, ...shown } = verdict;
  await printJson({ ...shown, text: cleanText(shown.text) }, context);
  context.exitWith?.(exitCodes[verdict.state]);
}

async function judge(
  [name, extra]: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<Verdict> {
  if (name === undefined || extra !== undefined) {
    throw new CourierError('USAGE', 'hostcheck needs one HOST');
  }
  const host = parseHostName(name);
  const ready = values.ready ?? findReadyDirectory(context.env);
  const clocks = { clock: context.clock, uptime: systemUptime() };
  const found = ready === undefined ? undefined : readReady(ready, host, clocks);
  if (found?.kind === 'output') return judgeOutput(found.validMs, host);
  const isLookedAt = found !== undefined && isOfHost(found.line);
  if (isLookedAt && found.kind === 'fault') return { state: 'DOWN', text: found.line };
  // Only now: an answer of now needs no spool.
  const spool = values.spool ?? defaultSpoolDirectory(context.env);
  const kept = await readInTime(spool, host, values, context);
  const nowMs = context.clock.now();
  const far = await lookUpInTime(spool, host, kept, context);
  if (!isLookedAt && far !== undefined && isUnknown(far))
    return judgeSilence(far, kept, values, nowMs);
  if (found?.kind === 'fault' && !isNotOfHost(found.line))
    return { state: 'DOWN', text: found.line };
  const fault = far && findFarFault(far, kept, nowMs);
  if (fault !== undefined) return judgeFault(stderrLine(fault, ['relay', host]), undefined);
  const byAge = kept && judgeAge(kept, values.maxAge, nowMs);
  if (byAge?.state === 'UP') return byAge;
  if (found !== undefined) return judgeFault(found.line, byAge);
  const isCollected = kept === undefined || kept.origin.startsWith(collectorOrigin);
  if (ready !== undefined && isCollected && existsSync(ready)) {
    const left = await requireCollector(ready, host, byAge, context);
    if (left !== undefined) return { ...byAge, state: 'UNKNOWN', text: left };
  }
  return byAge ?? (await judgeUnrouted(host, context)) ?? judgeAbsence(host, ready, spool);
}

/** Of a host of which its relay tells nothing, only output that is still fresh says anything. */
function judgeSilence(
  { about, silence, neglect }: FarHost,
  kept: SpooledOutput | undefined,
  { maxAge }: Values,
  nowMs: number,
): Verdict {
  const byAge = kept && judgeAge(kept, maxAge, nowMs);
  if (byAge?.state === 'UP') return byAge;
  const why = silence === undefined ? neglect : `${silence}, and asks for ${about.host}`;
  const before = byAge === undefined ? '' : `; ${byAge.text}`;
  return { ...byAge, state: 'UNKNOWN', text: `${why}${before}` };
}

function isUnknown({ silence, neglect }: FarHost): boolean {
  return silence !== undefined || neglect !== undefined;
}

/**
 * Nothing is known of a host that nobody asks and that has sent nothing.
 *
 * @throws CourierError CONFIG when the routes file is wrong
 */
async function judgeUnrouted(
  host: HostName,
  { env }: CommandContext,
): Promise<Verdict | undefined> {
  const path = defaultRoutesPath(env);
  if (!existsSync(path)) return undefined;
  const { routes } = await loadRoutes(path);
  // Whatever its tags are, which only the site knows.
  if (routes.some(({ hosts }) => hosts.names.has(host) || hosts.fits(host))) return undefined;
  const text = `no route of ${path} fits ${host}, and nobody has sent its output`;
  return { state: 'UNKNOWN', text };
}

function judgeOutput(validMs: number, host: HostName): Verdict {
  const left = formatDuration(validMs);
  return { state: 'UP', text: `fresh output of ${host} is ready, good for ${left}` };
}

/** All sources failed, and what the spool has, if anything, is too old. */
function judgeFault(line: string, byAge: Verdict | undefined): Verdict {
  const state = isNotOfHost(line) ? 'UNKNOWN' : 'DOWN';
  return byAge === undefined
    ? { state, text: line }
    : { ...byAge, state, text: `${byAge.text}; ${line}` };
}

/** How long a collector may take to answer. */
const pulseMs = 2000;

/**
 * A host is not down because nobody looks after it, or another member of the pool, which lays its
 * output ready elsewhere.
 *
 * @returns why the collector here does not ask the host, where it is one of others
 * @throws CourierError LOCAL
 */
async function requireCollector(
  ready: string,
  host: HostName,
  byAge: Verdict | undefined,
  { clock, shutdown }: CommandContext,
): Promise<string | undefined> {
  const { socket } = placesBeside(ready);
  const limit = { clock, timeoutMs: pulseMs, tooSlow: 'no answer' };
  const isAtWork = await withTimeLimit(limit, shutdown, (signal) => isCollecting(socket, signal));
  shutdown.throwIfAborted();
  const before = byAge === undefined ? '' : `; ${byAge.text}`;
  if (isAtWork) {
    const left = await withTimeLimit(limit, shutdown, (signal) => findLeft(socket, host, signal));
    return left && `nothing of ${host} is laid ready here: ${left}${before}`;
  }
  throw new CourierError('LOCAL', `no collector is at work at ${socket}${before}`);
}

/** How long a disk may take to answer; a monitoring core waits some ten seconds for a plug-in. */
const spoolMs = 5000;

async function lookUpInTime(
  spool: string,
  host: HostName,
  kept: SpooledOutput | undefined,
  { clock, shutdown }: CommandContext,
): Promise<FarHost | undefined> {
  const limit = { clock, timeoutMs: spoolMs, tooSlow: `no answer from the spool ${spool}` };
  return withTimeLimit(limit, shutdown, (signal) =>
    untilAborted(lookUpRelayed(spool, host, kept, clock.now()), signal),
  );
}

async function readInTime(
  spool: string,
  host: HostName,
  { maxSkew: maxSkewMs }: Values,
  { clock, log, shutdown }: CommandContext,
) {
  const what = `no answer from the spool ${spool}`;
  return withTimeLimit({ clock, timeoutMs: spoolMs, tooSlow: what }, shutdown, (signal) =>
    untilAborted(readSpooled(spool, host, { log, clock, maxSkewMs }), signal),
  );
}

function judgeAge({ host, producedAt, origin }: SpooledOutput, maxAge: number, nowMs: number) {
  const ageMs = nowMs - producedAt.getTime();
  const age = formatDuration(Math.max(0, ageMs));
  const metrics = `age=${Math.max(0, Math.round(ageMs / 1000))}s;;${Math.round(maxAge / 1000)}`;
  const isFresh = ageMs <= maxAge;
  const allowed = isFresh ? '' : `, allowed are ${formatDuration(maxAge)}`;
  const text = `output of ${host} is ${age} old${allowed}, from ${origin}`;
  const ages = { ageMs: Math.max(0, ageMs), maxAgeMs: maxAge };
  return { state: isFresh ? 'UP' : 'DOWN', text, metrics, ...ages } as const;
}

/**
 * A host that should have sent something, and has not, is down; but nobody can have where there is
 * neither directory.
 *
 * @throws CourierError LOCAL
 */
function judgeAbsence(host: HostName, ready: string | undefined, spool: string): Verdict {
  const places = [ready, spool].filter((place) => place !== undefined);
  if (places.some((place) => existsSync(place))) {
    return { state: 'DOWN', text: `there is no output of ${host}` };
  }
  throw new CourierError('LOCAL', `nothing is kept here: there is no ${places.join(' and no ')}`);
}
