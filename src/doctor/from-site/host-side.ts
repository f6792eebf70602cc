/** What the host itself has seen: a file, stdin, or fetched over ssh; else what the receiver has. */

import type { CommandContext } from '../../cli/command.ts';
import { CourierError, prefixError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { readStart, withOpened } from '../../files/read-start.ts';
import type { HostName } from '../../names/host-name.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { formatDuration } from '../../times/durations.ts';
import { parseSourceUri } from '../../transports/source.ts';
import { type HostReport, largestReportBytes, parseHostReport } from '../report/host-report.ts';
import { findReceiverState } from './receiver-state.ts';
import { fetchReport } from './report-source.ts';
import { type Learned, type Scene, type SiteFinding, timeToWait } from './scene.ts';

export interface HostSide {
  readonly report: HostReport;
  /** When the host looked, by our clock where that is known; undefined: nobody can tell. */
  readonly lookedMs: number | undefined;
}

/**
 * Reads the file of `--host-report`.
 *
 * @throws CourierError when it cannot be had or is no report of this host
 */
export async function readReportFile(
  path: string,
  host: HostName,
  context: CommandContext,
): Promise<HostReport> {
  return parseHostReport(await readFrom(path, context), host);
}

async function readFrom(path: string, context: CommandContext): Promise<Buffer> {
  if (path === '-') return context.readInput(largestReportBytes);
  try {
    const read = await withOpened(path, (file) => readStart(file, largestReportBytes + 1));
    if (Buffer.isBuffer(read)) return read;
    throw new CourierError('LOCAL', `${path}: ${read}`);
  } catch (error) {
    throw prefixError(asCourierError(error, path), 'reading --host-report');
  }
}

/** @throws CourierError USAGE for what can be told before anybody looks */
export function checkSsh(uri: string | undefined): void {
  if (uri === undefined) return;
  if (!uri.startsWith('ssh://')) throw new CourierError('USAGE', '--ssh must be ssh://USER@HOST');
  parseSourceUri(uri);
}

/** A clock that is more than that ahead of ours is wrong, and tells no age. */
const mostAheadMs = 5 * 60_000;

export async function lookAtHostSide(
  scene: Scene,
  { place }: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const nowMs = scene.context.clock.now();
  if (scene.report !== undefined) {
    const startedMs = Date.parse(scene.report.started ?? '');
    const isTime = startedMs <= nowMs + mostAheadMs;
    const lookedMs = isTime ? startedMs : undefined;
    return tell({ report: scene.report, lookedMs }, 'as the file says', nowMs);
  }
  if (scene.ssh === undefined) return lookAtReceived(scene, nowMs);
  const address = scene.address ?? place?.address ?? '';
  const timeoutMs = timeToWait(scene, Number.POSITIVE_INFINITY);
  const { host, run, raw: options, ssh: uri } = scene;
  const wanted = { uri, host, address, run, options };
  const limit = { timeoutMs, tooSlow: 'the host did not report' };
  const report = await withTimeLimit(limit, signal, async (limited) =>
    parseHostReport(await fetchReport(wanted, scene.context, limited), host),
  );
  return tell({ report, lookedMs: nowMs }, 'over ssh', nowMs);
}

/** Nobody looks for today's cause in an older one that nobody asked for. */
const keptForMs = 86_400_000;

/** What a host has sent to our receiver by itself; nothing is made there. */
async function lookAtReceived(scene: Scene, nowMs: number): Promise<SiteFinding> {
  const { host } = scene;
  const state = await findReceiverState(scene);
  const { Reports } = await import('../../receiver/state/reports.ts');
  const kept = state === undefined ? undefined : await Reports.lookInto(state).read(host);
  const lookedMs = Date.parse(kept?.receivedAt ?? '');
  const isUseful = kept?.host === host && nowMs - lookedMs <= keptForMs;
  if (kept === undefined || !isUseful) return { status: 'skipped', text: noReport };
  return tell({ report: kept.report, lookedMs }, `sent with ${kept.receivedBy}`, nowMs);
}

const noReport = 'nobody looked from the host; courier-doctor does, and --host-report reads it';

function tell(hostSide: HostSide, from: string, nowMs: number): SiteFinding {
  const { report, lookedMs } = hostSide;
  return {
    status: 'ok',
    text: `its report, ${formatAge(lookedMs, nowMs)}, ${from}`,
    facts: { program: report.program, started: report.started, run: report.run },
    source: 'report',
    learned: { hostSide },
  };
}

/** `3m ago`, or that nobody can tell. */
export function formatAge(lookedMs: number | undefined, nowMs: number): string {
  if (lookedMs === undefined) return 'at a time that nobody can tell';
  return `${formatDuration(Math.max(0, nowMs - lookedMs))} ago`;
}
