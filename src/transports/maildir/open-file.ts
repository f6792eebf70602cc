/** Opens regular files, and nothing else that stands in the place of one. */

import { fileStatus } from '../../files/file-calls.ts';
import { type NoFile, readStart, withOpened } from '../../files/read-start.ts';

/** A regular file that is open. */
export interface OpenFile {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** At most the first `maxBytes` of it. */
  read(maxBytes: number, signal: AbortSignal): Promise<Buffer>;
}

/** Lends a regular file to `use`. */
export function withFile<Result>(
  path: string,
  use: (file: OpenFile) => Promise<Result>,
): Promise<Result | NoFile> {
  return withOpened(path, async (descriptor) => {
    const stats = await fileStatus(descriptor);
    if (!stats.isFile()) return 'not a file';
    const read = (maxBytes: number, signal: AbortSignal) =>
      readStart(descriptor, Math.min(maxBytes, stats.size), signal);
    return use({ sizeBytes: stats.size, modifiedMs: stats.mtimeMs, read });
  });
}
