/** Writes that are complete or reject: the system may take a part, as on a file system that is full. */

import { writeSync, writevSync } from 'node:fs';
import { writeBuffers, writeToFile } from './file-calls.ts';

/** All of the buffers, in as many calls as the system needs. */
export async function writeAll(descriptor: number, buffers: readonly Buffer[]): Promise<void> {
  let { bytesWritten: written } = await writeBuffers(descriptor, [...buffers]);
  if (written === totalOf(buffers)) return;
  const whole = Buffer.concat(buffers);
  while (written < whole.length) {
    written += (await writeToFile(descriptor, whole, written)).bytesWritten;
  }
}

/** The same without a promise, for file systems in memory. */
export function writeAllSync(descriptor: number, buffers: readonly Buffer[]): void {
  let written = writevSync(descriptor, [...buffers]);
  if (written === totalOf(buffers)) return;
  const whole = Buffer.concat(buffers);
  while (written < whole.length) written += writeSync(descriptor, whole, written);
}

function totalOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}
