/** Directories that last as long as a test. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whoever can be asked to clean up at its end; a TestContext is one. */
interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

/** An empty directory; removed at the end of `owner`, or by {@link removeTempDir}. */
export async function makeTempDir(owner?: Owner): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cmk-courier-'));
  owner?.after(() => removeTempDir(directory));
  return directory;
}

/** Removes a directory with all there is in it; fine when it is gone already. */
export async function removeTempDir(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}

/** Lends an empty directory to `use` and removes it afterwards. */
export async function withTempDir<Result>(
  use: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = await makeTempDir();
  try {
    return await use(directory);
  } finally {
    await removeTempDir(directory);
  }
}
