/** Programs that see other files in some places than the rest of this machine does. */

import { execFileSync } from 'node:child_process';

/** Whether tests that need it have to be skipped: a reason, or false. */
export const skipWithoutMounts = canMount() ? false : 'no mounts of one’s own can be made here';

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '--bind', '/etc/hostname', '/etc/hostname'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

const script = `while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 1; shift 2; done
shift; exec "$@"`;

/** Arguments for `unshare` that start a program for which each place holds what is at the other. */
export function behindMounts(
  places: Readonly<Record<string, string>>,
  program: readonly string[],
): readonly string[] {
  const mounts = Object.entries(places).flatMap(([place, source]) => [source, place]);
  return ['-m', 'sh', '-c', script, 'sh', ...mounts, '--', ...program];
}
