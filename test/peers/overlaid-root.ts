/** A machine like this one, in which everything may be changed and nothing of it stays: chroot over an overlay. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { makeTempDir } from '../helpers/temp-dir.ts';

const mounts = `
mount -t tmpfs none "$1" && cd "$1" && mkdir upper work root || exit 1
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root || exit 1
for place in proc dev; do mount --rbind "/$place" "root/$place" || exit 1; done
mount -t tmpfs none root/tmp && mount -t tmpfs none root/run || exit 1
rm -rf root/opt/cmk-courier
`;

/** Whether tests that need it have to be skipped: a reason, or false. */
export const skipWithoutOverlay = canOverlay() ? false : 'no overlay can be mounted here';

function canOverlay(): boolean {
  try {
    execFileSync('unshare', ['-m', 'sh', '-c', `${mounts} chroot root true`, 'sh', '/mnt'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

/** What a command in it wrote to stdout and stderr together, and its exit code. */
interface Ended {
  readonly code: number;
  readonly said: string;
}

export interface OverlaidRoot {
  /** Runs a line of shell in it, as root. */
  run(line: string): Ended;
  /** Puts a file into it. */
  put(path: string, content: Uint8Array): void;
}

/** Made at once, gone with all its files when the test ends. */
export async function makeOverlaidRoot(owner: Owner): Promise<OverlaidRoot> {
  const directory = await makeTempDir(owner);
  const script = `${mounts} echo ready; exec sleep 600`;
  const keeper = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  owner.after(async () => {
    keeper.kill('SIGKILL');
    if (keeper.exitCode === null && keeper.signalCode === null) await once(keeper, 'exit');
  });
  await once(keeper.stdout, 'data');
  const inside = ['-t', String(keeper.pid), '-m', 'chroot', join(directory, 'root')];
  const run = (line: string, input: Uint8Array = Buffer.alloc(0)): Ended => {
    const wrapped = `{ ${line}\n} 2>&1; echo "|$?"`;
    const said = execFileSync('nsenter', [...inside, 'sh', '-c', wrapped], {
      input,
      encoding: 'utf8',
      cwd: '/',
    });
    const at = said.lastIndexOf('|');
    return { code: Number(said.slice(at + 1)), said: said.slice(0, at) };
  };
  return { run, put: (path, content) => void run(`cat >'${path}'`, content) };
}
