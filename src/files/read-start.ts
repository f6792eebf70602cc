/** Reads that are bounded, and that nothing in the place of a file can hold up. */

import { constants } from 'node:fs';
import { errorCode } from '../faults/system-errors.ts';
import { closeFile, openFile, readFromFile } from './file-calls.ts';

/** To open a file: follows no link, and does not wait for the other end of a FIFO. */
export const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Small enough that an abort is seen soon on a slow disk. */
const pieceBytes = 1024 * 1024;

/**
 * The first `wantedBytes` of a file, or all of a shorter one.
 *
 * @param signal ends it between two pieces, with its reason
 */
export async function readStart(
  descriptor: number,
  wantedBytes: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(wantedBytes);
  let filled = 0;
  while (filled < wantedBytes) {
    signal?.throwIfAborted();
    const length = Math.min(pieceBytes, wantedBytes - filled);
    const { bytesRead } = await readFromFile(descriptor, bytes, filled, length, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** What stands in the place of a file. */
export type NoFile = 'gone' | 'not a file';

/** Lends the descriptor of what is there; a link, a socket, or a device nobody answers for is no file. */
export async function withOpened<Result>(
  path: string,
  use: (descriptor: number) => Promise<Result>,
): Promise<Result | NoFile> {
  let descriptor: number;
  try {
    descriptor = await openFile(path, readOnly);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === 'ENOENT') return 'gone';
    if (['ELOOP', 'ENXIO', 'ENODEV'].includes(code)) return 'not a file';
    throw error;
  }
  try {
    return await use(descriptor);
  } finally {
    await closeFile(descriptor);
  }
}
