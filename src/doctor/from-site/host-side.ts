/** What the host itself has seen: a file, stdin, or fetched over ssh; else what the receiver has. */

import type { CommandContext } from '../../cli/command.ts';
import type { RawOptions } from '../../cli/options.ts';
import { CourierError, prefixError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { readStart, withOpened } from '../../files/read-start.ts';
import type { HostName } from '../../names/host-name.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { type HostReport, largestReportBytes, parseHostReport } from '../report/host-report.ts';
import { fetchReport } from './report-source.ts';

interface Wanted {
  readonly host: HostName;
  /** Given to the host, which repeats it. */
  readonly run: string;
  /** Options of ssh, as they were written. */
  readonly options: RawOptions;
  readonly values: {
    readonly hostReport: string | undefined;
    readonly ssh: string | undefined;
    readonly address: string | undefined;
    readonly deadline: number;
  };
}

/** @throws CourierError when there is one and it cannot be had or is none */
export async function readReport(
  { host, run, options, values }: Wanted,
  context: CommandContext,
): Promise<HostReport | undefined> {
  const { hostReport, ssh, address = '', deadline } = values;
  if (hostReport !== undefined) return parseHostReport(await readFrom(hostReport, context), host);
  if (ssh === undefined) return readKept(host, context);
  const limit = { timeoutMs: deadline, tooSlow: 'the host did not report in time' };
  return withTimeLimit(limit, context.shutdown, async (signal) => {
    const bytes = await fetchReport({ uri: ssh, host, address, run, options }, context, signal);
    return startedAt(context.clock.now(), parseHostReport(bytes, host));
  });
}

/** Nobody looks for today's cause in an older one that nobody asked for. */
const keptForMs = 86_400_000;

/** What the host last sent to our receiver: how old it is, is told by our clock. */
async function readKept(
  host: HostName,
  { env, clock, log }: CommandContext,
): Promise<HostReport | undefined> {
  const [{ Reports }, { receiverPlaces }] = await Promise.all([
    import('../../receiver/state/reports.ts'),
    import('../../receiver/options.ts'),
  ]);
  try {
    const kept = await Reports.lookInto(receiverPlaces({}, env).state()).read(host);
    if (kept === undefined || kept.host !== host) return undefined;
    const cameMs = Date.parse(kept.receivedAt);
    return clock.now() - cameMs > keptForMs ? undefined : startedAt(cameMs, kept.report);
  } catch (error) {
    const { code, message } = asCourierError(error, 'reading the report that the receiver has');
    // Outside a site nobody says where it would be.
    if (code !== 'USAGE') log.warn({ code }, message);
    return undefined;
  }
}

/** In place of the clock of the host, which may be what is wrong. */
function startedAt(timeMs: number, report: HostReport): HostReport {
  return { ...report, started: new Date(timeMs).toISOString() };
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
