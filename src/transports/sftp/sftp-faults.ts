/**
 * What went wrong, from what sftp says: exit code 1 when a command failed, 255 when the connection
 * did. The texts are those of sftp.c and sftp-client.c, OpenSSH 9.2, in the C locale.
 */

import { CourierError, type FaultCode } from '../../faults/errors.ts';
import { hasSshFailed, type SshAttempt, toSshFault } from '../../openssh/faults.ts';
import { describeEnd, type ProgramEnd } from '../../system/program/call.ts';

interface Reading {
  readonly says: RegExp;
  readonly code: FaultCode;
  readonly message: (shown: string, said: string) => string;
}

/** What the far end says of a file, in the words of sftp and of scp. */
const fileReadings: readonly Reading[] = [
  {
    says: /^File ".*" not found\.$|^(?:stat remote|remote (?:l?stat|open) .*|scp: .*): No such file or directory$/m,
    code: 'NO_OUTPUT',
    message: (shown) => `there is no ${shown}`,
  },
  {
    says: /^(?:stat remote|remote (?:l?stat|open|read) .*|scp: .*): Permission denied$/m,
    code: 'REFUSED',
    message: (shown) => `${shown}: we may not read it there`,
  },
  {
    says: /: not a regular file$/m,
    code: 'MALFORMED',
    message: (shown) => `${shown} is not a regular file`,
  },
];

const readings: readonly Reading[] = [
  ...fileReadings,
  {
    says: /^(?:open|write|truncate) local ".*": (.*)$/m,
    code: 'LOCAL',
    message: (shown, said) => `storing ${shown}: ${said.toLowerCase()}`,
  },
  {
    says: /^subsystem request failed|sftp-server: (?:not found|inaccessible|No such file)/m,
    code: 'PEER',
    message: (shown) => `fetching ${shown}: the host offers no sftp to us; scp: can do without`,
  },
  {
    says: /^Received message too long/m,
    code: 'PEER',
    message: (shown) => `fetching ${shown}: something else answers than sftp, such as a greeting`,
  },
];

/** What the far end says of a file; undefined when it speaks of something else. */
export function toFileFault(said: string, shown: string): CourierError | undefined {
  return findFault(fileReadings, said, shown);
}

function findFault(
  known: readonly Reading[],
  text: string,
  shown: string,
): CourierError | undefined {
  for (const { says, code, message } of known) {
    const found = says.exec(text);
    if (found !== null) return new CourierError(code, message(shown, found[1] ?? ''));
  }
  return undefined;
}

/**
 * Whether the login went well, and nothing that speaks sftp was there: the server says so, or the
 * session ends at once. The latter may also be a connection that was lost.
 */
export function lacksSftp({ stderr }: ProgramEnd): boolean {
  const text = stderr.replaceAll('\r', '');
  if (/^subsystem request failed/m.test(text)) return true;
  return (
    /^Connection closed\.?\s*$/m.test(text) &&
    !hasSshFailed(text.replace(/^Connection closed\.?\s*$/gm, ''))
  );
}

/**
 * The fault behind any end but exit code 0.
 *
 * @param shown the file, for the message
 * @param attempt how ssh was sent
 */
export function toSftpFault(end: ProgramEnd, shown: string, attempt: SshAttempt): CourierError {
  const text = end.stderr.replaceAll('\r', '');
  const known = findFault(readings, text, shown);
  if (known !== undefined) return known;
  // Whichever of the two notices it first: sftp may still be writing to an ssh that has ended.
  const isCut = end.signal === 'SIGPIPE';
  if (isCut && hasSshFailed(text)) return toSshFault({ ...end, signal: null }, attempt);
  if (!isCut && (end.code === 255 || end.signal !== null)) return toSshFault(end, attempt);
  const isLost = /^Connection (?:to \S+ closed by remote host|closed)/m.test(text);
  if (isCut || isLost)
    return new CourierError('UNREACHABLE', `fetching ${shown}: the connection was lost`);
  return new CourierError('PEER', `fetching ${shown}: ${describeEnd(end)}`);
}
