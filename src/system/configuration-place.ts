/** Where configuration is: of the site, of the user, of the system. */

import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Environment } from '../cli/environment.ts';

/** The user's own; a relative path is to be ignored (XDG Base Directory Specification). */
export function findUserConfiguration({ XDG_CONFIG_HOME, HOME }: Environment): string | undefined {
  if (XDG_CONFIG_HOME && isAbsolute(XDG_CONFIG_HOME)) return XDG_CONFIG_HOME;
  return HOME ? join(HOME, '.config') : undefined;
}

/**
 * The place of something of this program: the site's; else the user's if there is one, or if the
 * system has none either; else the system's.
 *
 * @param name of a file or directory, such as `seals`
 */
export function findConfiguration(name: string, env: Environment): string {
  if (env['OMD_ROOT']) return join(env['OMD_ROOT'], 'etc/cmk-courier', name);
  const base = findUserConfiguration(env);
  const own = base && join(base, 'cmk-courier', name);
  const system = join('/etc/cmk-courier', name);
  return own && (existsSync(own) || !existsSync(system)) ? own : system;
}
