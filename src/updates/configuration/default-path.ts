/** Where updates.yaml is. */

import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Environment } from '../../cli/environment.ts';

/** The site's, else the user's if there is one, else the system's. */
export function defaultUpdatesPath(env: Environment): string {
  const { OMD_ROOT: site, XDG_CONFIG_HOME: config, HOME: home } = env;
  if (site) return join(site, 'etc/cmk-courier/updates.yaml');
  // A relative path is to be ignored: XDG Base Directory Specification.
  const base = config && isAbsolute(config) ? config : home && join(home, '.config');
  const own = base && join(base, 'cmk-courier/updates.yaml');
  const system = '/etc/cmk-courier/updates.yaml';
  return own && (existsSync(own) || !existsSync(system)) ? own : system;
}
