/** One run of OpenSSH's sftp. */

import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { writeWholeFile } from '../../files/file-calls.ts';
import type { OpenSsh } from '../../openssh/openssh.ts';
import type { ProgramEnd } from '../../system/program/call.ts';
import { runProgram } from '../../system/program/run-program.ts';
import { type ReadFile, readBounded, withSizeLimit } from './local-file.ts';
import { type RemoteFile, toBatchWord } from './remote-file.ts';
import { lacksSftp, toSftpFault } from './sftp-faults.ts';

interface Download {
  readonly file: RemoteFile;
  /** Where to put it: an empty directory of our own. */
  readonly directory: string;
  readonly openssh: OpenSsh;
  readonly maxOutputBytes: number;
}

const localName = 'output';
/** Longer than the line that we ask for. */
const longestStdout = 64 * 1024;

/**
 * A file with its mtime; or none, because it changed during the fetch or because the host has no
 * sftp.
 */
export type Downloaded =
  | { readonly kind: 'whole'; readonly read: ReadFile }
  | { readonly kind: 'changed' }
  | { readonly kind: 'no sftp'; readonly fault: CourierError };

/**
 * Fetches a file.
 *
 * @throws CourierError
 */
export async function download(
  { file, directory, openssh, maxOutputBytes }: Download,
  signal: AbortSignal,
): Promise<Downloaded> {
  const batch = join(directory, 'batch');
  await writeBatch(batch, toBatch(file, directory));
  const { login, shown } = file;
  const host = login.host.includes(':') ? `[${login.host}]` : login.host;
  const call = {
    program: 'sftp',
    debianPackage: 'openssh-client',
    // -b adds a setting of ssh's, and the first one of a kind counts.
    args: [...openssh.toArguments(login), '-b', batch, '--', host],
    maxOutputBytes: longestStdout,
  };
  const path = join(directory, localName);
  const limit = { path, maxBytes: maxOutputBytes, shown };
  const end = await openssh.whileUsing(login, signal, (env) =>
    withSizeLimit(limit, signal, (limited) => runProgram({ ...call, env }, limited)),
  );
  if (end.code !== 0) {
    const fault = toSftpFault(end, shown, openssh.toAttempt(login));
    if (lacksSftp(end)) return { kind: 'no sftp', fault };
    throw fault;
  }
  requireStillThere(end, shown);
  const read = await readBounded(limit);
  return isUnchanged(end, read.stats) ? { kind: 'whole', read } : { kind: 'changed' };
}

/**
 * The file is fetched, and then once more from its end: that brings nothing when it is still the
 * same, but gives our copy the mtime the file has by then. In between we note what it had before.
 * `@` keeps sftp from repeating a line, `-` from failing at it; `!` is a command on our side.
 */
function toBatch(file: RemoteFile, directory: string): string {
  const remote = toBatchWord(file.path);
  return `@lcd ${toBatchWord(directory)}
@get -p ${remote} ${localName}
@!stat -c '%s %Y' ${localName}
@-reget -p ${remote} ${localName}
`;
}

async function writeBatch(batch: string, text: string): Promise<void> {
  await writeWholeFile(batch, text, { mode: 0o600 }).catch((error: unknown) => {
    throw asCourierError(error, `writing ${batch}`);
  });
}

function requireStillThere({ stderr }: ProgramEnd, shown: string): void {
  if (!/^File ".*" not found\.$/m.test(stderr)) return;
  throw new CourierError('NO_OUTPUT', `${shown} vanished while it was fetched`);
}

/** Size and mtime are those noted, and nothing was said against the second look. */
function isUnchanged({ stdout, stderr }: ProgramEnd, { size, mtimeMs }: Stats): boolean {
  const noted = stdout.toString().trim();
  const isRefused = /^(?:Unable to resume|stat remote|remote |download )/m.test(stderr);
  return !isRefused && noted === `${size} ${Math.floor(mtimeMs / 1000)}`;
}
