/** Has rsync fetch one file into a private directory, and reads it there. */

import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { Environment } from '../../cli/environment.ts';
import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { closeFile, fileStatus, openFile, readWholeFile } from '../../files/file-calls.ts';
import type { SshAttempt } from '../../openssh/faults.ts';
import type { ProgramEnd } from '../../system/program/call.ts';
import { runProgram } from '../../system/program/run-program.ts';
import { findFault, findSkip } from './faults.ts';
import { withSizeWatch } from './size-watch.ts';

export interface FileCall {
  /** What to fetch, as rsync wants to be told. */
  readonly argument: string;
  /** Options for this source and this peer. */
  readonly options: readonly string[];
  readonly env: Environment;
  readonly maxOutputBytes: number;
  /** How ssh is sent; undefined without ssh. */
  readonly attempt: SshAttempt | undefined;
}

export interface FetchedFile {
  readonly bytes: Buffer;
  readonly modifiedAt: Date;
}

/**
 * Fetches a file.
 *
 * @param directory an empty directory of our own; rsync's temporary file is there too
 * @throws CourierError saying what happened, but not where
 */
export async function fetchFile(
  call: FileCall,
  directory: string,
  signal: AbortSignal,
): Promise<FetchedFile> {
  const path = join(directory, 'output');
  const end = await runRsync(call, path, signal);
  const fault = findFault(end, call.attempt);
  if (fault !== undefined) throw fault;
  return readFetched(path, end, call.maxOutputBytes);
}

async function runRsync(
  { argument, options, env, maxOutputBytes }: FileCall,
  path: string,
  signal: AbortSignal,
): Promise<ProgramEnd> {
  const tooLarge = new AbortController();
  const limit = {
    maxBytes: maxOutputBytes,
    exceeded: () => tooLarge.abort(toTooLarge(maxOutputBytes)),
  };
  const args = [
    '--times',
    `--max-size=${maxOutputBytes}`,
    // With this, rsync tells why it skips a file.
    '--info=skip1,nonreg1',
    ...options,
    '--',
    argument,
    path,
  ];
  const call = { program: 'rsync', args, debianPackage: 'rsync', env, maxOutputBytes: 64 * 1024 };
  return withSizeWatch(dirname(path), limit, () =>
    runProgram(call, AbortSignal.any([signal, tooLarge.signal])),
  );
}

/** O_NOFOLLOW and O_NONBLOCK: nothing but a regular file, whatever rsync has let itself be told. */
async function readFetched(path: string, end: ProgramEnd, maxBytes: number): Promise<FetchedFile> {
  const flags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;
  const descriptor = await openFile(path, flags).catch((error: unknown) => {
    throw errorCode(error) === 'ENOENT' ? findSkip(end) : error;
  });
  try {
    const stats = await fileStatus(descriptor);
    if (!stats.isFile()) throw new CourierError('PEER', 'rsync brought something else than a file');
    if (stats.size > maxBytes) throw toTooLarge(maxBytes);
    return { bytes: await readWholeFile(descriptor), modifiedAt: stats.mtime };
  } finally {
    await closeFile(descriptor);
  }
}

function toTooLarge(maxBytes: number): CourierError {
  return new CourierError('TOO_LARGE', `the file has more than the allowed ${maxBytes} bytes`);
}
