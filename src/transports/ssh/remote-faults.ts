/** Why a command on a host has failed, or why it never ran. */

import { CourierError, quote } from '../../errors.ts';
import { toSshFault } from '../../openssh/faults.ts';
import { describeEnd, type ProgramEnd } from '../../run-program.ts';

/** What ssh writes at LogLevel DEBUG1 when all is well, between the lines of the command. */
const chatter = /^(?:debug1: |Authenticated to |Transferred: sent |Bytes per second: sent )/;

/** What ssh itself ends with, whatever has happened. */
const ownFailure = 255;

/**
 * The fault behind any end but exit code 0. ssh ends as the remote command does, but for 255,
 * which may be either's: what it says at the end tells (clientloop.c, OpenSSH 9.2).
 */
export function toRemoteFault(end: ProgramEnd, command: string, at: string): CourierError {
  const lines = end.stderr.split(/\r?\n/);
  const said = lines.filter((line) => line !== '' && !chatter.test(line)).join('\n');
  const doing = `running ${quote(command)} on ${at}`;
  if (end.code === ownFailure || end.code === null) {
    const why = toCommandsEnd(lines, said);
    if (why === undefined) return toSshFault({ ...end, stderr: said }, at);
    return new CourierError('PEER', `${doing}: ${why}`);
  }
  const how = describeEnd({ ...end, stderr: said });
  if (end.code === 127) return new CourierError('NO_OUTPUT', `${doing}: it is not there: ${how}`);
  if (end.code === 126) return new CourierError('PEER', `${doing}: it cannot be run: ${how}`);
  return new CourierError('PEER', `${doing}: ${how}`);
}

/** How the command ended, or undefined when it was ssh that failed. */
function toCommandsEnd(lines: readonly string[], said: string): string | undefined {
  if (lines.includes(`debug1: Exit status ${ownFailure}`)) {
    return describeEnd({ ...noOutput, code: ownFailure, stderr: said });
  }
  if (lines.some((line) => /^debug1: client_input_channel_req: .* exit-signal /.test(line))) {
    return 'it was ended by a signal there';
  }
  // Through a connection that was kept ssh learns no more than that there was no exit code.
  const isKept = lines.some((line) => /^debug1: mux_client_request_session: master /.test(line));
  if (!isKept || said !== '') return undefined;
  return 'it was ended by a signal there, ended with exit code 255, or was cut off';
}

const noOutput = { stdout: Buffer.alloc(0), signal: null };
