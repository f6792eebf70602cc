/** A real rsync daemon with a configuration of its own. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../helpers/daemon.ts';
import { findFreePort } from '../helpers/free-port.ts';

export interface Rsyncd {
  readonly port: number;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Alone on loopback, and as whoever runs the tests. */
function toGlobals(directory: string): string {
  const user = process.getuid?.() === 0 ? 'uid = root\ngid = root\n' : '';
  return `${user}use chroot = no
munge symlinks = no
log file = ${join(directory, 'rsyncd.log')}
lock file = ${join(directory, 'rsyncd.lock')}
`;
}

/**
 * Starts a daemon on a free port.
 *
 * @param directory where it keeps its files
 * @param modules the rest of its rsyncd.conf
 */
export async function startRsyncd(directory: string, modules: string): Promise<Rsyncd> {
  const configuration = join(directory, 'rsyncd.conf');
  await writeFile(configuration, toGlobals(directory) + modules);
  const host = '127.0.0.1';
  const port = await findFreePort(host);
  const args = ['--daemon', '--no-detach', `--config=${configuration}`, `--port=${port}`];
  let daemon: Daemon | undefined;
  const rsyncd: Rsyncd = {
    port,
    stop: async () => daemon?.stop(),
    start: async () => {
      daemon = await startDaemon('rsync', [...args, `--address=${host}`], { host, port });
    },
  };
  await rsyncd.start();
  return rsyncd;
}

/** A module that may only be read, by everybody who can reach the port. */
export function toReadModule(name: string, path: string, more = ''): string {
  return `[${name}]\npath = ${path}\nread only = yes\nlist = no\n${more}\n`;
}
