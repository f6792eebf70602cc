/** The directories of the spool. */

import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { CourierError } from '../faults/errors.ts';
import { brokenDirectory, shards } from './names.ts';

/**
 * Where the spool is when nobody says: in the site, else with the user's other state.
 *
 * @throws CourierError USAGE when the environment names neither
 */
export function defaultSpoolDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const { OMD_ROOT: site, XDG_STATE_HOME: state, HOME: home } = env;
  if (site) return join(site, 'var/cmk-courier/spool');
  // A relative one is to be ignored: XDG Base Directory Specification.
  if (state && isAbsolute(state)) return join(state, 'cmk-courier/spool');
  if (home) return join(home, '.local/state/cmk-courier/spool');
  throw new CourierError('USAGE', 'no directory for the spool: OMD_ROOT and HOME are not set');
}

/** Makes what is missing, so that it survives a power cut; all must be ours to write to. */
export function makeDirectories(directory: string): void {
  const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of [...shards, brokenDirectory]) {
    const path = join(directory, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  }
  syncDirectory(directory);
  if (first === undefined) return;
  for (let path = directory; path !== dirname(first); path = dirname(path)) {
    syncDirectory(dirname(path));
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
