/** Keeps a file that grows from filling the disk: rsync's own limit is for the size it was told. */

import { join } from 'node:path';
import { linkStatus, readDirectory } from '../../files/file-calls.ts';

const intervalMs = 100;

export interface Limit {
  readonly maxBytes: number;
  /** Called once, when the limit is passed. */
  exceeded(): void;
}

/**
 * Looks again and again at the largest file of a directory while `use` runs.
 *
 * @throws whatever `use` throws
 */
export async function withSizeWatch<Result>(
  directory: string,
  limit: Limit,
  use: () => Promise<Result>,
): Promise<Result> {
  const timer = setInterval(async () => {
    if ((await measure(directory)) <= limit.maxBytes) return;
    clearInterval(timer);
    limit.exceeded();
  }, intervalMs);
  try {
    return await use();
  } finally {
    clearInterval(timer);
  }
}

/** A file that has vanished counts as empty. */
async function measure(directory: string): Promise<number> {
  const names = await readDirectory(directory).catch(() => []);
  const sizes = names.map(async (name) =>
    linkStatus(join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return Math.max(0, ...(await Promise.all(sizes)));
}
