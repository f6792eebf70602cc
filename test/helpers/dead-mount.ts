/** A file system that answers nothing, as one on a network whose server is gone. */

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { makeTempDir, removeTempDir } from './temp-dir.ts';

export interface DeadMount {
  readonly directory: string;
  /** Every call that hangs fails then. */
  end(): void;
}

/**
 * FUSE whose other end holds its device open and says nothing; ended at the end of the test.
 * Undefined where nothing may be mounted.
 */
export async function mountDead(t: TestContext): Promise<DeadMount | undefined> {
  const root = await makeTempDir();
  const directory = join(root, 'dead');
  mkdirSync(directory);
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
  const script = [
    'exec 3<>/dev/fuse && mount -i -t fuse -o "$1" none "$2" && echo mounted',
    'exec >&- && exec sleep 600',
  ];
  const args = ['-c', script.join('\n'), 'sh', options, directory];
  const holder = spawn('sh', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const end = () => {
    spawnSync('umount', ['--lazy', directory], { stdio: 'ignore' });
    holder.kill('SIGKILL');
  };
  t.after(async () => {
    end();
    await removeTempDir(root);
  });
  const isMounted = (await text(holder.stdout)) === 'mounted\n';
  return isMounted ? { directory, end } : undefined;
}
