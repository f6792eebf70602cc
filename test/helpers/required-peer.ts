/** Programs the tests talk to, which need not be everywhere. */

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Where these are missing, CI has to say so, not skip. */
const mustRunInCi = new Set([
  'busybox',
  'bzip2',
  'chromium',
  'compress',
  'curl',
  'dash',
  'dovecot',
  'dropbear',
  'fish',
  'groff',
  'ksh',
  'mandoc',
  'nats-server',
  'nginx',
  'openssl',
  'python3',
  'rrsync',
  'rsync',
  'script',
  'socat',
  'squid',
  'sshd',
  'xz',
  'zsh',
]);

/**
 * Whether a test that needs `program` has to be skipped: a reason, or false.
 *
 * @throws Error in CI, for a program the tests there must not do without
 */
export function skipWithout(program: string): string | false {
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin'];
  if (directories.some((directory) => isExecutable(join(directory, program)))) return false;
  if (process.env['CI'] && mustRunInCi.has(program)) {
    throw new Error(`${program} is missing; in CI its tests must run`);
  }
  return `${program} is not installed`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
