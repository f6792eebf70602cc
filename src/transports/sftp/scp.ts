/** One file by the old protocol of scp, from a host that offers no sftp. */

import { CourierError, quote } from '../../faults/errors.ts';
import { toSshFault } from '../../openssh/faults.ts';
import type { OpenSsh } from '../../openssh/openssh.ts';
import { describeEnd, type ProgramEnd } from '../../system/program/call.ts';
import { runProgram } from '../../system/program/run-program.ts';
import type { RemoteFile } from './remote-file.ts';
import { parseScp, type ScpHeader } from './scp-protocol.ts';
import { toFileFault } from './sftp-faults.ts';

interface Fetch {
  readonly file: RemoteFile;
  readonly openssh: OpenSsh;
  readonly maxOutputBytes: number;
}

/** A whole file, as many bytes as were announced. */
export interface ScpFile extends ScpHeader {
  readonly output: Buffer;
  /** Whether the host announces the same file again when all of it has come. */
  readonly isSettled: boolean;
}

/** Room for what is not the file: two announcements, and words of a shell. */
const protocolBytes = 64 * 1024;

/**
 * Fetches a file; undefined when the host could not read it to the end. The host is asked twice in
 * one session: what it announces of the file when all has come must be what it announced before, or
 * the file was written in between.
 *
 * @throws CourierError
 */
export async function fetchByScp(
  { file, openssh, maxOutputBytes }: Fetch,
  signal: AbortSignal,
): Promise<ScpFile | undefined> {
  const { login, path, shown } = file;
  const ask = `scp -p -f ${toShellWord(path)}`;
  const call = {
    program: 'ssh',
    debianPackage: 'openssh-client',
    args: [...openssh.toArguments(login), '--', login.host, `${ask} && ${ask}`],
    maxOutputBytes: maxOutputBytes + protocolBytes,
    // Four for the file, of which the last is for its end; then two, and no more: the second time
    // the size is enough, and the end of our input ends it.
    input: Buffer.alloc(6),
  };
  const end = await openssh
    .whileUsing(login, signal, (env) => runProgram({ ...call, env }, signal))
    .catch((error: unknown) => {
      const isLarge = error instanceof CourierError && error.code === 'TOO_LARGE';
      throw isLarge ? tooLarge(shown, maxOutputBytes, error) : error;
    });
  const answer = parseScp(end.stdout, maxOutputBytes);
  switch (answer.kind) {
    case 'whole':
      return { ...answer.header, output: answer.output, isSettled: isSame(answer) };
    case 'unread':
      return undefined;
    case 'large':
      throw tooLarge(shown, maxOutputBytes);
    case 'refused':
      throw (
        toFileFault(answer.said, shown) ??
        new CourierError('PEER', `fetching ${shown}: ${quote(answer.said)}`)
      );
    case 'torn':
      throw toTornFault(end, file, openssh);
    case 'foreign':
      throw toForeignFault(end, file, openssh);
  }
}

function isSame({ header, next }: { header: ScpHeader; next: ScpHeader | undefined }): boolean {
  return next?.size === header.size && next.modifiedAt === header.modifiedAt;
}

function toTornFault(
  end: ProgramEnd,
  { login, shown }: RemoteFile,
  openssh: OpenSsh,
): CourierError {
  if (end.code === 255 || end.code === null) return toSshFault(end, openssh.toAttempt(login));
  return new CourierError('UNREACHABLE', `fetching ${shown}: it ended before all of it had come`);
}

/** The shell there says that it knows no scp: POSIX, XCU 2.8.2. */
const notFound = 127;

function toForeignFault(
  end: ProgramEnd,
  { login, shown }: RemoteFile,
  openssh: OpenSsh,
): CourierError {
  if (end.code === 255 || end.code === null) return toSshFault(end, openssh.toAttempt(login));
  const doing = `fetching ${shown}`;
  if (end.code === notFound) {
    return new CourierError(
      'PEER',
      `${doing}: the host has neither sftp nor scp: ${describeEnd(end)}`,
    );
  }
  const why =
    end.stdout.length > 0
      ? 'something else answers than scp, such as a greeting'
      : describeEnd(end);
  return new CourierError('PEER', `${doing}: ${why}`);
}

function tooLarge(shown: string, maxBytes: number, cause?: unknown): CourierError {
  const message = `${shown} has more than the allowed ${maxBytes} bytes`;
  return new CourierError('TOO_LARGE', message, { cause });
}

/** One word for the shell of the user there. */
function toShellWord(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
