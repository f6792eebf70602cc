/** The directories of the spool. */

import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
} from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { CourierError } from '../faults/errors.ts';
import { isTrustedEntry, requireTrustedSync } from '../system/trusted-path.ts';
import { brokenDirectory, shards } from './names.ts';

/**
 * Where the spool is when nobody says: in the site, else with the user's other state.
 *
 * @param wanted what to give where nothing says, for the error
 * @throws CourierError USAGE when the environment names neither
 */
export function defaultSpoolDirectory(env: Environment, wanted = '--spool'): string {
  const { OMD_ROOT: site, XDG_STATE_HOME: state, HOME: home } = env;
  if (site) return join(site, 'var/cmk-courier/spool');
  // A relative one is to be ignored: XDG Base Directory Specification.
  if (state && isAbsolute(state)) return join(state, 'cmk-courier/spool');
  if (home) return join(home, '.local/state/cmk-courier/spool');
  throw new CourierError('USAGE', `${wanted} is missing: neither OMD_ROOT nor HOME is set`);
}

/**
 * Makes what is missing, so that it survives a power cut; all must be ours to write to, and nobody
 * else's.
 *
 * @throws CourierError CONFIG when others may write there
 */
export function makeDirectories(directory: string): void {
  const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
  requireTrustedSync(directory);
  for (const name of [...shards, brokenDirectory]) {
    const path = join(directory, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!isTrustedEntry(lstatSync(path))) requireTrustedSync(path);
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

/**
 * Where outputs of one spool wait for somebody: one place a spool, since whoever sends what waits there
 * forgets it then. The same however the path of the spool is written.
 */
export function waitingBeside(spool: string, awaited: 'broker' | 'receiver'): string {
  return `${resolve(spool)}-to-${awaited}`;
}
