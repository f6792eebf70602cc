/**
 * The calls into the file system this transport makes; `node:fs/promises` would do the same,
 * but has to be loaded first.
 */

import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { errorCode } from '../../faults/system-errors.ts';

export const linkStatus = promisify(fs.lstat);
export const readDirectory = promisify(fs.readdir);
export const removeFile = promisify(fs.unlink);
export const renameFile = promisify(fs.rename);

const openFile = promisify(fs.open);
const closeFile = promisify(fs.close);
const fileStatus = promisify(fs.fstat);
const readFromFile = promisify(fs.read);

/** A regular file that is open. */
export interface OpenFile {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** At most the first `maxBytes` of it. */
  read(maxBytes: number, signal: AbortSignal): Promise<Buffer>;
}

/** What stands in the place of a file. */
type NoFile = 'gone' | 'not a file';

/** Neither follows a link nor waits for the other end of a FIFO nor touches a device twice. */
const flags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** Lends a regular file to `use`. */
export async function withFile<Result>(
  path: string,
  use: (file: OpenFile) => Promise<Result>,
): Promise<Result | NoFile> {
  let descriptor: number;
  try {
    descriptor = await openFile(path, flags);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === 'ENOENT') return 'gone';
    // A symbolic link; a socket, or a device nobody answers for.
    if (code === 'ELOOP' || code === 'ENXIO' || code === 'ENODEV') return 'not a file';
    throw error;
  }
  try {
    const stats = await fileStatus(descriptor);
    if (!stats.isFile()) return 'not a file';
    const read = (maxBytes: number, signal: AbortSignal) =>
      readStart(descriptor, Math.min(maxBytes, stats.size), signal);
    return await use({ sizeBytes: stats.size, modifiedMs: stats.mtimeMs, read });
  } finally {
    await closeFile(descriptor);
  }
}

/** Small enough that an abort is seen soon on a slow disk. */
const pieceBytes = 1024 * 1024;

async function readStart(
  descriptor: number,
  wantedBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(wantedBytes);
  let filled = 0;
  while (filled < wantedBytes) {
    signal.throwIfAborted();
    const length = Math.min(pieceBytes, wantedBytes - filled);
    const { bytesRead } = await readFromFile(descriptor, bytes, filled, length, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
