/** Where a service's files go, and what is in them. */

import { realpathSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { CourierError } from '../faults/errors.ts';
import { initScript } from './init-script.ts';
import { logrotateFile } from './logrotate.ts';
import { toReadyScript } from './ready-script.ts';
import { type Service, serviceUser, type UnitScope } from './service.ts';
import { systemdUnit, sysusersFile } from './unit.ts';

/** On whose behalf we write. */
export interface Surroundings {
  readonly env: Environment;
  readonly isRoot: boolean;
}

/** A file that goes with a service. */
export interface FileBeside {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
  /** Other services need it, too: it stays when one of them goes. */
  readonly isShared?: true;
}

/** What is to be written, and what goes with it. */
export interface Plan {
  readonly path: string;
  readonly mode: number;
  /** A symbolic link, and what is in it. */
  readonly link: { readonly path: string; readonly target: string } | undefined;
  readonly besides: readonly FileBeside[];
  /** The text for a command: the executable and what stands before the service's own verb. */
  toText(command: readonly string[]): string;
  /** It can be run with `stop`. */
  readonly isScript: boolean;
  /** What to do when it is written, and when it is removed: a command a line. */
  readonly next: { readonly installed: readonly string[]; readonly removed: readonly string[] };
}

/**
 * In a site if there is one, else for systemd: root's for the machine, others' for themselves.
 *
 * @throws CourierError USAGE when there is no place to write to
 */
export function planService(service: Service, { env, isRoot }: Surroundings): Plan {
  const site = env['OMD_ROOT'];
  if (site) return planForSite(service, site);
  if (!isRoot) {
    const programs =
      env['HOME'] === undefined ? [] : besidesIn(join(env['HOME'], '.local/bin'), service);
    return planUnit(service, 'user', userUnits(env), programs);
  }
  const user = { path: '/etc/sysusers.d/cmk-courier.conf', mode: 0o644, text: sysusersFile };
  const besides = [{ ...user, isShared: true } as const, ...besidesIn('/usr/local/bin', service)];
  return planUnit(service, 'system', '/etc/systemd/system', besides);
}

/** The script of the collector, where programs of its user are found. */
function besidesIn(directory: string, { hasReadyScript }: Service): readonly FileBeside[] {
  if (!hasReadyScript) return [];
  const path = join(directory, 'cmk-courier-ready');
  return [{ path, mode: 0o755, text: toReadyScript() }];
}

/** Behind the core and its helpers, as they are numbered in sites. */
const place = '85';

function planForSite(service: Service, site: string): Plan {
  const { name } = service;
  return {
    path: join(site, 'etc/init.d', name),
    mode: 0o755,
    link: { path: join(site, 'etc/rc.d', `${place}-${name}`), target: `../init.d/${name}` },
    besides: [
      {
        path: join(site, 'etc/logrotate.d', name),
        mode: 0o644,
        text: logrotateFile(service, site),
      },
      ...besidesIn(join(site, 'local/bin'), service),
    ],
    toText: (command) => initScript(service, command, whereItIs(site, command)),
    isScript: true,
    next: { installed: [`omd restart ${name}`], removed: [] },
  };
}

/** Node tells its own path without symbolic links; sites are usually reached through one. */
function whereItIs(site: string, command: readonly string[]): string {
  if (command.some((path) => path.startsWith(`${site}/`))) return site;
  try {
    return realpathSync(site);
  } catch {
    return site;
  }
}

function planUnit(
  service: Service,
  scope: UnitScope,
  directory: string,
  besides: readonly FileBeside[],
): Plan {
  const { name } = service;
  const systemctl = scope === 'system' ? 'systemctl' : 'systemctl --user';
  // What it is configured with has to be its own, or root's and readable for it.
  const owns = `chown -R ${serviceUser}: /etc/cmk-courier`;
  const before = scope === 'system' ? ['systemd-sysusers', owns] : [];
  const linger = scope === 'system' ? [] : ['loginctl enable-linger'];
  return {
    path: join(directory, `${name}.service`),
    mode: 0o644,
    link: undefined,
    besides,
    toText: (command) => systemdUnit(service, command, scope),
    isScript: false,
    next: {
      installed: [
        ...before,
        `${systemctl} daemon-reload`,
        `${systemctl} enable ${name}`,
        `${systemctl} restart ${name}`,
        ...linger,
      ],
      removed: [`${systemctl} stop ${name}`, `${systemctl} daemon-reload`],
    },
  };
}

function userUnits({ XDG_CONFIG_HOME: config, HOME: home }: Surroundings['env']): string {
  const base = config && isAbsolute(config) ? config : home && join(home, '.config');
  if (base) return join(base, 'systemd/user');
  throw new CourierError('USAGE', 'no place for a service: OMD_ROOT and HOME are not set');
}
