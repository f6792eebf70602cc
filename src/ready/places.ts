/** Where what is ready lies, and what lies beside it. */

import { dirname, isAbsolute, join } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { CourierError } from '../faults/errors.ts';

/**
 * Where output is laid ready when nobody says: in the site's directory in memory, else in the
 * user's. `agents/site/cmk-courier-ready` goes by the same rule. Undefined when there is neither.
 */
export function findReadyDirectory(env: Environment): string | undefined {
  const { CMK_COURIER_READY: own, OMD_ROOT: site, XDG_RUNTIME_DIR: runtime } = env;
  if (own) return own;
  if (site) return join(site, 'tmp/cmk-courier/ready');
  if (runtime && isAbsolute(runtime)) return join(runtime, 'cmk-courier/ready');
  return undefined;
}

/**
 * The same for those who cannot do without.
 *
 * @throws CourierError USAGE
 */
export function defaultReadyDirectory(env: Environment): string {
  const found = findReadyDirectory(env);
  if (found !== undefined) return found;
  throw new CourierError(
    'USAGE',
    '--ready is missing: neither OMD_ROOT nor XDG_RUNTIME_DIR is set',
  );
}

/** Hosts the site asked for, and the collector's socket. */
export function placesBeside(readyDirectory: string): { asked: string; socket: string } {
  const parent = dirname(readyDirectory);
  return { asked: join(parent, 'asked'), socket: join(parent, 'collector.sock') };
}
