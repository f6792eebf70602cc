/** Opens regular files, and nothing else that stands in the place of one. */

import { errorCode } from '../../faults/system-errors.ts';
import { closeFile, fileStatus, openFile } from '../../files/file-calls.ts';
import { readOnly, readStart } from '../../files/read-start.ts';

/** A regular file that is open. */
export interface OpenFile {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** At most the first `maxBytes` of it. */
  read(maxBytes: number, signal: AbortSignal): Promise<Buffer>;
}

/** What stands in the place of a file. */
type NoFile = 'gone' | 'not a file';

/** Lends a regular file to `use`. */
export async function withFile<Result>(
  path: string,
  use: (file: OpenFile) => Promise<Result>,
): Promise<Result | NoFile> {
  let descriptor: number;
  try {
    descriptor = await openFile(path, readOnly);
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
