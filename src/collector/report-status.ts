/** What the collector knows → the document that `cmk-courier status` reads. */

import type { StartConfiguration } from '../cli/command.ts';
import type { Clock } from '../clock.ts';
import { daysLeft } from '../fetching/sealed.ts';
import { version } from '../version.ts';
import { isBackingOff } from './backoff.ts';
import type { BesideState } from './beside-state.ts';
import type { Entry, GoodSeal } from './entry.ts';
import type { CollectorSettings } from './settings.ts';
import type { CollectorStatus, HostStatus } from './status-shape.ts';

interface Known {
  readonly startedAt: Date;
  readonly settings: Pick<CollectorSettings, 'routesPath' | 'configuration'>;
  readonly reloadFault: string | undefined;
  readonly readyFault: string | undefined;
  readonly running: number;
  readonly cycles: CollectorStatus['cycles'];
  readonly entries: Iterable<Entry>;
}

export function reportStatus(known: Known, clock: Clock): CollectorStatus {
  const hosts = [...known.entries].map((entry) => toHostStatus(entry, clock));
  const { startedAt, settings, reloadFault, readyFault, running, cycles } = known;
  return {
    version,
    pid: process.pid,
    startedAt: startedAt.toISOString(),
    routesPath: settings.routesPath,
    configuration: settings.configuration && toConfiguration(settings.configuration),
    reloadFault,
    readyFault,
    running,
    cycles,
    hostCount: hosts.length,
    hosts,
  };
}

function toConfiguration({ path, isNamed, options, overridden }: StartConfiguration) {
  const copied = Object.entries(options).map(([name, texts]): [string, string[]] => [
    name,
    [...texts],
  ]);
  return { path, isNamed, options: Object.fromEntries(copied), overridden: [...overridden] };
}

function toSeal(seal: GoodSeal, nowMs: number): HostStatus['seal'] {
  const { key, sequence } = seal;
  return { key, sequence, daysLeft: daysLeft(seal, nowMs) };
}

function toWith({ source, producedAtMs, sections, left, fault }: BesideState, clock: Clock) {
  const ageMs = producedAtMs && clock.now() - producedAtMs;
  return { source, ageMs, sections, left: [...left], fault };
}

function toHostStatus(entry: Entry, clock: Clock): HostStatus {
  const { target, route, lastGood, lastFault, history, isRunning, dueMs } = entry;
  const fault = lastFault && {
    code: lastFault.error.code,
    line: lastFault.line,
    at: new Date(lastFault.atMs).toISOString(),
  };
  return {
    host: target.host,
    route: route.name,
    ageMs: lastGood && clock.now() - lastGood.producedAtMs,
    source: lastGood?.source,
    bytes: lastGood?.bytes,
    seal: lastGood?.seal && toSeal(lastGood.seal, clock.now()),
    with: entry.beside.length === 0 ? undefined : entry.beside.map((one) => toWith(one, clock)),
    durationMs: entry.durationMs && Math.round(entry.durationMs),
    lastFault: fault,
    failures: history.failures,
    backoff: !isBackingOff(history) ? 'none' : isRunning ? 'retrying' : 'waiting',
    nextDueMs: isRunning ? 0 : Math.round(Math.max(0, dueMs - clock.monotonic())),
    served: entry.laid,
  };
}
