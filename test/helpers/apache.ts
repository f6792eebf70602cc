/** A real Apache with a configuration of its own, run as another user where root runs the tests. */

import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { anotherUser } from './another-user.ts';
import { type Daemon, startDaemon } from './daemon.ts';

const modules = [
  'mpm_event',
  'authn_core',
  'authn_file',
  'authz_core',
  'authz_user',
  'auth_basic',
  'auth_form',
  'request',
  'session',
  'session_cookie',
  'session_crypto',
  'headers',
  'proxy',
  'proxy_http',
];

/**
 * Listens at a port of loopback.
 *
 * @param directory where it keeps its files; others must be able to enter it
 */
export async function startApache(
  directory: string,
  port: number,
  configuration: string,
): Promise<Daemon> {
  const path = join(directory, 'apache.conf');
  const isRoot = process.geteuid?.() === 0;
  const own = join(directory, 'apache');
  await mkdir(join(own, 'htdocs'), { recursive: true });
  if (isRoot) await chown(own, anotherUser, anotherUser);
  const load = modules.map(
    (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
  );
  const lines = [
    ...load,
    `ServerRoot ${directory}`,
    'ServerName localhost',
    `Listen 127.0.0.1:${port}`,
    `PidFile ${own}/apache.pid`,
    `DefaultRuntimeDir ${own}`,
    `ErrorLog ${own}/error.log`,
    `DocumentRoot ${own}/htdocs`,
    'StartServers 1',
    configuration,
  ];
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o644 });
  const program = ['apache2', '-f', path, '-DFOREGROUND'] as const;
  const user = [`--reuid=${anotherUser}`, `--regid=${anotherUser}`, '--clear-groups'];
  const [name, args] = isRoot
    ? (['setpriv', [...user, ...program]] as const)
    : (['apache2', program.slice(1)] as const);
  return startDaemon(name, args, { port });
}
