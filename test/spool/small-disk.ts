/** A file system that is full soon. */

import { execFileSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';

/**
 * Where it is mounted until the end of the test; undefined where nothing may be mounted.
 *
 * @param size as mount takes it: `200k`
 */
export async function mountSmall(t: TestContext, size: string): Promise<string | undefined> {
  const directory = await makeTempDir();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', directory], {
      stdio: 'ignore',
    });
  } catch {
    await removeTempDir(directory);
    return undefined;
  }
  t.after(async () => {
    // What the test opened on it is closed by hooks that run after this one.
    execFileSync('umount', ['--lazy', directory]);
    await removeTempDir(directory);
  });
  return directory;
}
