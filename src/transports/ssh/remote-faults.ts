/** Why a command on a host has failed, or why it never ran. */

import { CourierError, quote } from '../../faults/errors.ts';
import { type SshAttempt, toSshFault } from '../../openssh/faults.ts';
import { describeEnd, type ProgramEnd } from '../../system/program/call.ts';

/** What ssh writes at LogLevel DEBUG1 when all is well, between the lines of the command. */
const chatter = /^(?:debug1: |Authenticated to |Transferred: sent |Bytes per second: sent )/;

/** The exit code of ssh for every failure of its own. */
const ownFailure = 255;

interface RemoteRun {
  readonly command: string;
  readonly attempt: SshAttempt;
  /** Whether the connection is kept, and still there. */
  readonly isConnected: () => Promise<boolean>;
}

/**
 * The fault behind every end except exit code 0. ssh ends with the exit code of the remote command.
 * 255 may come from either; the last words of ssh tell which (clientloop.c, OpenSSH 9.2).
 */
export async function toRemoteFault(
  end: ProgramEnd,
  { command, attempt, isConnected }: RemoteRun,
): Promise<CourierError> {
  const { at } = attempt;
  const lines = end.stderr.split(/\r?\n/);
  const said = lines.filter((line) => line !== '' && !chatter.test(line)).join('\n');
  const doing = `running ${quote(command)} on ${at}`;
  if (end.code === ownFailure || end.code === null) {
    const why = toCommandsEnd(lines, said);
    if (why !== undefined) return new CourierError('PEER', `${doing}: ${why}`);
    if (!isKept(lines) || said !== '') return toSshFault({ ...end, stderr: said }, attempt);
    // Through a kept connection ssh only learns that there was no exit code.
    return (await isConnected())
      ? new CourierError('PEER', `${doing}: it was ended by a signal there, or with exit code 255`)
      : new CourierError('UNREACHABLE', `${doing}: the connection was lost`);
  }
  const how = describeEnd({ ...end, stderr: said });
  if (end.code === 127) return new CourierError('NO_OUTPUT', `${doing}: it is not there: ${how}`);
  if (end.code === 126) return new CourierError('PEER', `${doing}: it cannot be run: ${how}`);
  return new CourierError('PEER', `${doing}: ${how}`);
}

/** How the command ended, or undefined when it was ssh that failed, or does not know. */
function toCommandsEnd(lines: readonly string[], said: string): string | undefined {
  if (lines.includes(`debug1: Exit status ${ownFailure}`)) {
    return describeEnd({ ...noOutput, code: ownFailure, stderr: said });
  }
  return lines.some((line) => /^debug1: client_input_channel_req: .* exit-signal /.test(line))
    ? 'it was ended by a signal there'
    : undefined;
}

function isKept(lines: readonly string[]): boolean {
  return lines.some((line) => /^debug1: mux_client_request_session: master /.test(line));
}

const noOutput = { stdout: Buffer.alloc(0), signal: null };
