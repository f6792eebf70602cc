/**
 * What went wrong, from what sftp says: exit code 1 when a command failed, 255 when the connection
 * did. The texts are those of sftp.c and sftp-client.c, OpenSSH 9.2, in the C locale.
 */

import { CourierError, type FaultCode } from '../../faults/errors.ts';
import { hasSshFailed, toSshFault } from '../../openssh/faults.ts';
import { describeEnd, type ProgramEnd } from '../../system/run-program.ts';

interface Reading {
  readonly says: RegExp;
  readonly code: FaultCode;
  readonly message: (shown: string, said: string) => string;
}

const readings: readonly Reading[] = [
  {
    says: /^File ".*" not found\.$|^(?:stat remote|remote (?:l?stat|open) .*): No such file or directory$/m,
    code: 'NO_OUTPUT',
    message: (shown) => `there is no ${shown}`,
  },
  {
    says: /^(?:stat remote|remote (?:l?stat|open|read) .*): Permission denied$/m,
    code: 'REFUSED',
    message: (shown) => `${shown}: we may not read it there`,
  },
  {
    says: /: not a regular file$/m,
    code: 'MALFORMED',
    message: (shown) => `${shown} is not a regular file`,
  },
  {
    says: /^(?:open|write|truncate) local ".*": (.*)$/m,
    code: 'LOCAL',
    message: (shown, said) => `storing ${shown}: ${said.toLowerCase()}`,
  },
  {
    says: /^subsystem request failed/m,
    code: 'PEER',
    message: (shown) => `fetching ${shown}: the host offers no sftp to us`,
  },
  {
    says: /^Received message too long/m,
    code: 'PEER',
    message: (shown) => `fetching ${shown}: something else answers than sftp, such as a greeting`,
  },
];

/**
 * The fault behind any end but exit code 0.
 *
 * @param shown the file, for the message
 * @param at the host, for the message
 */
export function toSftpFault(end: ProgramEnd, shown: string, at: string): CourierError {
  const text = end.stderr.replaceAll('\r', '');
  for (const { says, code, message } of readings) {
    const found = says.exec(text);
    if (found !== null) return new CourierError(code, message(shown, found[1] ?? ''));
  }
  // Whichever of the two notices it first: sftp may still be writing to an ssh that has ended.
  const isCut = end.signal === 'SIGPIPE';
  if (isCut && hasSshFailed(text)) return toSshFault({ ...end, signal: null }, at);
  if (!isCut && (end.code === 255 || end.signal !== null)) return toSshFault(end, at);
  const isLost = /^Connection (?:to \S+ closed by remote host|closed)/m.test(text);
  if (isCut || isLost)
    return new CourierError('UNREACHABLE', `fetching ${shown}: the connection was lost`);
  return new CourierError('PEER', `fetching ${shown}: ${describeEnd(end)}`);
}
