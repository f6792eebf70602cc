/** A real dropbear, as routers and other small hosts have it: with scp, without sftp. */

import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RawOptions } from '../../src/cli/options.ts';
import { type Daemon, startDaemon } from '../helpers/daemon.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { makeAccounts } from './accounts.ts';
import { behindMounts, skipWithoutMounts } from './private-mounts.ts';
import { makeKey } from './sshd.ts';

const run = promisify(execFile);

/** Whether tests with a real dropbear have to be skipped: a reason, or false. */
export const skipWithoutDropbear =
  skipWithout('dropbear') || skipWithout('ssh') || skipWithoutMounts;

export interface Dropbear {
  readonly port: number;
  /** Private to this dropbear; a test may put files there. */
  readonly directory: string;
  readonly key: string;
  readonly wrongKey: string;
  readonly knownHosts: string;
  /** Options of a transport that gets in with the key. */
  readonly options: RawOptions;
  lose(): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one that lets root in with a key, and with a password. */
export async function startDropbear(
  password = 'not told to anybody',
  more: readonly string[] = [],
): Promise<Dropbear> {
  const directory = await makeTempDir();
  const file = (name: string) => join(directory, name);
  const port = await findFreePort();
  for (const name of ['key', 'wrong']) await makeKey(file(name));
  const { home, places } = await makeAccounts(directory, password);
  await mkdir(join(home, '.ssh'), { mode: 0o700 });
  await copyFile(file('key.pub'), join(home, '.ssh/authorized_keys'));
  const { stdout } = await run('dropbearkey', ['-t', 'ed25519', '-f', file('host')]);
  const [publicKey = ''] = /^ssh-ed25519 \S+/m.exec(stdout) ?? [];
  await writeFile(file('known_hosts'), `[127.0.0.1]:${port} ${publicKey}\n`);
  await mkdir(file('none'));
  const args = behindMounts({ ...places, '/usr/lib/openssh': file('none') }, [
    '/usr/sbin/dropbear',
    ...['-F', '-E', '-r', file('host'), '-p', `127.0.0.1:${port}`, '-P', '', ...more],
  ]);
  const start = () => startDaemon('unshare', args, { host: '127.0.0.1', port });
  let daemon: Daemon = await start();
  return {
    port,
    directory,
    key: file('key'),
    wrongKey: file('wrong'),
    knownHosts: file('known_hosts'),
    options: { sshKey: [file('key')], knownHosts: [file('known_hosts')] },
    lose: () => daemon.stop(),
    async restore() {
      daemon = await start();
    },
    async close() {
      await daemon.stop();
      await removeTempDir(directory);
    },
  };
}
