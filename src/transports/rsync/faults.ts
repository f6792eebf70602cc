/** How rsync failed, from what it said and its exit code. */

import { CourierError, type FaultCode, quote } from '../../faults/errors.ts';
import { hasSshFailed, type SshAttempt, toSshFault } from '../../openssh/faults.ts';
import type { ProgramEnd } from '../../system/program/call.ts';

type Meaning = readonly [code: FaultCode, words: string];

/** Every exit code of rsync(1), then those of errcode.h that its manual does not have. */
const exitCodes: Readonly<Record<number, Meaning>> = {
  1: ['LOCAL', 'the rsync of this machine does not know an option; it must be 3.1 or newer'],
  2: ['PEER', 'the two rsyncs do not understand each other'],
  3: ['PEER', 'rsync cannot select the file'],
  4: ['PEER', 'the rsync of the peer does not support what is asked of it'],
  5: ['PEER', 'the rsync daemon turns the request away'],
  6: ['PEER', 'the rsync daemon cannot write its log'],
  10: ['UNREACHABLE', 'the connection failed'],
  11: ['LOCAL', 'rsync cannot write the file here'],
  12: ['UNREACHABLE', 'the connection was lost'],
  13: ['PEER', 'rsync cannot say what is wrong'],
  14: ['LOCAL', 'the processes of rsync lost each other'],
  15: ['LOCAL', 'one of the processes of rsync crashed'],
  16: ['LOCAL', 'one of the processes of rsync was killed'],
  19: ['LOCAL', 'rsync was ended by SIGUSR1'],
  20: ['LOCAL', 'rsync was ended by a signal'],
  21: ['LOCAL', 'rsync cannot wait for its own processes'],
  22: ['LOCAL', 'rsync has no memory left'],
  23: ['PEER', 'the file could not be transferred'],
  24: ['NO_OUTPUT', 'the file vanished before it was read'],
  25: ['PEER', 'rsync stopped at a limit of deletions'],
  30: ['TIMEOUT', 'the peer fell silent for longer than --idle-timeout'],
  35: ['TIMEOUT', 'connecting took longer than --connect-timeout'],
  124: ['PEER', 'the command on the host failed'],
  125: ['PEER', 'the command on the host was killed'],
  126: ['PEER', 'rsync cannot be run on the host'],
  127: ['PEER', 'rsync is not in the PATH of the host; --rsync-path says where it is'],
  255: ['UNREACHABLE', 'the program that connects failed'],
};

type Complaint = readonly [line: RegExp, ...Meaning];

/**
 * Lines that say more than the exit code, which varies: when the daemon hangs up early, it may be
 * 10 or 12.
 */
const complaints: readonly Complaint[] = [
  [/^@ERROR: auth failed/, 'REFUSED', 'the user or password is not accepted'],
  [/^@ERROR: access denied/, 'REFUSED', 'the rsync daemon does not let this machine in'],
  [/^@ERROR: Unknown module/, 'PEER', 'the rsync daemon has no such module'],
  [/^@ERROR: max connections/, 'PEER', 'the rsync daemon is busy'],
  [/^@ERROR/, 'PEER', 'the rsync daemon turns the request away'],
  [/rather than greeting$/, 'PEER', 'no rsync daemon answers there'],
  [/configured to refuse/, 'PEER', 'the rsync daemon refuses an option'],
  [/(?:link_stat|change_dir).* No such file or directory/, 'NO_OUTPUT', 'there is no such file'],
  [/vanished/, 'NO_OUTPUT', 'the file vanished before it was read'],
  [/\[receiver.*(?:No space left|quota exceeded)/i, 'LOCAL', 'there is no space for the file here'],
  [/\[receiver.*(?:Permission denied|Read-only)/i, 'LOCAL', 'rsync cannot write the file here'],
  [/: Permission denied \(13\)$/, 'REFUSED', 'the peer may not read the file'],
  [/^rsync: .*Connection timed out/, 'TIMEOUT', 'connecting took longer than the system waits'],
  [/^rsync: (?:\[.*\] )?getaddrinfo:/, 'UNREACHABLE', 'the name of the peer has no address'],
  [/^rsync: .*failed to connect to/, 'UNREACHABLE', 'connecting failed'],
  [/\brrsync error:.* No such file or directory/, 'NO_OUTPUT', 'there is no such file'],
  [
    /\brsync: (?:command )?not found|not found: rsync$|^\S*sh: .*rsync: (?:No such file or directory|inaccessible or not found)$/,
    'PEER',
    'rsync is not in the PATH of the host; --rsync-path says where it is',
  ],
  [/\brrsync error:/, 'REFUSED', 'the restricted rsync of the host does not allow it'],
];

/** What stdout says when rsync is fine, and has left the file where it is. */
const skips: readonly Complaint[] = [
  [/ is over max-size$/, 'TOO_LARGE', 'the file is larger than allowed'],
  [/^skipping directory /, 'MALFORMED', 'it is a directory, not a regular file'],
  [/^skipping non-regular file /, 'MALFORMED', 'it is a link or device, not a regular file'],
];

const sshFailed = 255;
/** What rsync ends with when it notices the end of the connection before that of ssh. */
const connectionLost = 12;

/**
 * Why rsync failed; undefined when it did not.
 *
 * @param attempt how ssh was sent; undefined when rsync connected itself
 */
export function findFault(
  end: ProgramEnd,
  attempt: SshAttempt | undefined,
): CourierError | undefined {
  const { code, signal, stderr } = end;
  if (code === 0) return undefined;
  if (attempt !== undefined && isSshAtFault(end)) return toSshFault(withoutRsync(end), attempt);
  const lines = toLines(stderr);
  const known = findComplaint(complaints, lines);
  if (known !== undefined) return known;
  const said = lines.find((line) => !line.startsWith('rsync error:')) ?? lines[0];
  if (signal !== null) return toFault(['LOCAL', `rsync was ended by ${signal}`], said);
  return toFault(meaningOf(code ?? 0, said), said);
}

function isSshAtFault({ code, stderr }: ProgramEnd): boolean {
  return code === sshFailed || (code === connectionLost && hasSshFailed(stderr));
}

/** The rest are messages of ssh. */
function withoutRsync(end: ProgramEnd): ProgramEnd {
  return { ...end, stderr: end.stderr.replace(/^rsync\b.*\n?/gm, '') };
}

function meaningOf(code: number, said: string | undefined): Meaning {
  // A connection that ends is one thing; one that ends after words that are not rsync's another.
  if (code === 12 && said !== undefined && !said.startsWith('rsync: ')) {
    return ['PEER', 'the host answers, but not as rsync'];
  }
  return exitCodes[code] ?? ['PEER', `rsync failed with exit code ${code}`];
}

/** Why there is no file although rsync reports no error. */
export function findSkip({ stdout }: ProgramEnd): CourierError {
  const found = findComplaint(skips, toLines(stdout.toString()));
  return found ?? new CourierError('PEER', 'rsync ended well, but there is no file');
}

function findComplaint(
  known: readonly Complaint[],
  lines: readonly string[],
): CourierError | undefined {
  for (const [pattern, ...meaning] of known) {
    const said = lines.find((line) => pattern.test(line));
    if (said !== undefined) return toFault(meaning, said);
  }
  return undefined;
}

/** rsync asks for a password on stderr when it needs one, and does not end the line. */
function toLines(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim().replace(/^Password: /, ''));
  return lines.filter((line) => line !== '');
}

function toFault([code, words]: Meaning, said: string | undefined): CourierError {
  return new CourierError(code, said === undefined ? words : `${words}: ${quote(said)}`);
}
