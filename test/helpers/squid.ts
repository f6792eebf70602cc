/** A real squid with a configuration of its own. */

import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Daemon, startDaemon } from './daemon.ts';
import { findFreePort } from './free-port.ts';

export interface Squid {
  readonly port: number;
  stop(): Promise<void>;
}

export interface SquidRules {
  /** Squid's own access rules, one a line; everything is allowed without them. */
  readonly access?: string;
  /** The only user it then lets pass. */
  readonly login?: { readonly user: string; readonly password: string };
}

/** Starts a squid that caches nothing. Started by root it drops its rights, so all may write to its files. */
export async function startSquid(parent: string, rules: SquidRules = {}): Promise<Squid> {
  const port = await findFreePort();
  const directory = join(parent, 'squid');
  await mkdir(directory);
  await chmod(parent, 0o711);
  await chmod(directory, 0o777);
  const configuration = join(directory, 'squid.conf');
  const login = rules.login === undefined ? '' : await writeLogin(directory, rules.login);
  const access = rules.access ?? `http_access ${login === '' ? 'allow all' : 'allow known'}`;
  await writeFile(
    configuration,
    `http_port 127.0.0.1:${port}
${login}
${access}
http_access deny all
cache deny all
server_persistent_connections off
quick_abort_min 0 KB
quick_abort_max 0 KB
access_log none
cache_log ${directory}/cache.log
pid_filename ${directory}/squid.pid
netdb_filename none
coredump_dir ${directory}
shutdown_lifetime 0 seconds
visible_hostname proxy.example
`,
  );
  const daemon: Daemon = await startDaemon('squid', ['-N', '-f', configuration], {
    host: '127.0.0.1',
    port,
  });
  return { port, stop: daemon.stop };
}

/** Squid asks a program of ours, a line with user and password each time. */
async function writeLogin(
  directory: string,
  { user, password }: { readonly user: string; readonly password: string },
): Promise<string> {
  const helper = join(directory, 'login');
  await writeFile(
    helper,
    `#!/bin/sh
while read -r user password; do
  if [ "$user $password" = '${user} ${password}' ]; then echo OK; else echo ERR; fi
done
`,
  );
  await chmod(helper, 0o755);
  return `auth_param basic program ${helper}
acl known proxy_auth REQUIRED`;
}
