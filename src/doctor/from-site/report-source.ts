/** Fetches the report of a host over ssh, through the system's OpenSSH. */

import type { CommandContext } from '../../cli/command.ts';
import { type OptionTable, parseOptions, type RawOptions } from '../../cli/options.ts';
import { CourierError } from '../../faults/errors.ts';
import type { HostName } from '../../names/host-name.ts';
import { describeLogin, parseSshUri } from '../../openssh/login.ts';
import { openSsh, sshOptions } from '../../openssh/openssh.ts';
import { describeEnd } from '../../system/program/call.ts';
import { runProgram } from '../../system/program/run-program.ts';
import { parseSourceUri } from '../../transports/source.ts';
import { largestReportBytes } from '../report/host-report.ts';

interface Place {
  readonly uri: string;
  readonly host: HostName;
  readonly address: string;
  readonly run: string;
  readonly options: RawOptions;
}

/**
 * A host that has found a fault ends with its exit code: what it printed counts all the same.
 *
 * @throws CourierError USAGE; UNREACHABLE with what OpenSSH said; TOO_LARGE
 */
export async function fetchReport(
  { uri, host, address, run, options }: Place,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Buffer> {
  const { login } = parseSshUri(parseSourceUri(uri), { host, address: address || host });
  const table: OptionTable = sshOptions;
  const known = Object.entries(options).filter(([name]) => Object.hasOwn(table, name));
  const { env, log } = context;
  const values = parseOptions(sshOptions, Object.fromEntries(known));
  const openssh = await openSsh(values, { env, log, signal });
  const command = `courier-doctor --json --run=${run} --host=${host}`;
  const end = await openssh.whileUsing(login, signal, (lent) =>
    runProgram(
      {
        program: 'ssh',
        debianPackage: 'openssh-client',
        args: [...openssh.toArguments(login), '--', login.host, command],
        env: lent,
        maxOutputBytes: largestReportBytes,
      },
      signal,
    ),
  );
  if (end.stdout.length > 0) return end.stdout;
  throw new CourierError('UNREACHABLE', `--ssh ${describeLogin(login)}: ${describeEnd(end)}`);
}
