/**
 * The calls into the file system the spool makes; `node:fs/promises` would do the same, but has
 * to be loaded first.
 */

import * as fs from 'node:fs';
import { promisify } from 'node:util';

export const closeFile = promisify(fs.close);
export const fileStatus = promisify(fs.fstat);
export const openFile = promisify(fs.open);
export const readDirectory = promisify(fs.readdir);
export const removeFile = promisify(fs.unlink);
export const renameFile = promisify(fs.rename);
export const syncAll = promisify(fs.fsync);
export const syncFile = promisify(fs.fdatasync);
const writeBuffers = promisify(fs.writev);

const readFromFile = promisify(fs.read);
const writeToFile = promisify(fs.write);

/** Neither follows a link nor waits for the other end of a FIFO. */
export const readOnly = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** All of the buffers, however often the system has to be asked. */
export async function writeAll(descriptor: number, buffers: readonly Buffer[]): Promise<void> {
  const { bytesWritten } = await writeBuffers(descriptor, [...buffers]);
  const expected = buffers.reduce((sum, { length }) => sum + length, 0);
  if (bytesWritten === expected) return;
  const whole = Buffer.concat(buffers);
  for (let written = bytesWritten; written < expected; ) {
    written += (await writeToFile(descriptor, whole, written)).bytesWritten;
  }
}

/** The first `wantedBytes` of a file, or what it has of them. */
export async function readStart(descriptor: number, wantedBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(wantedBytes);
  let filled = 0;
  while (filled < wantedBytes) {
    const left = wantedBytes - filled;
    const { bytesRead } = await readFromFile(descriptor, bytes, filled, left, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
