/** Puts service files in place and takes them away again. */

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CourierError } from '../errors.ts';
import { asCourierError } from '../system-errors.ts';
import { initScript } from './init-script.ts';
import { fileMark, type Service } from './service.ts';
import { systemdUnit } from './unit.ts';

/** A file to be written, and what goes with it. */
export interface Installation {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** A symbolic link, and what is in it. */
  readonly link: { readonly path: string; readonly target: string } | undefined;
  /** What to do next, a command a line. */
  readonly next: readonly string[];
}

/** Behind the core and its helpers, as they are numbered in sites. */
const place = '85';

/** In a site if there is one, else for systemd: root's for all, others' for themselves. */
export function planInstallation(
  service: Service,
  program: string,
  env: Readonly<Record<string, string | undefined>>,
): Installation {
  const { OMD_ROOT: site } = env;
  if (site) return planForSite(service, program, site);
  const isRoot = process.getuid?.() === 0;
  const directory = isRoot ? '/etc/systemd/system' : join(homedir(), '.config/systemd/user');
  const user = isRoot ? '' : ' --user';
  return {
    path: join(directory, `${service.name}.service`),
    text: systemdUnit(service, program),
    mode: 0o644,
    link: undefined,
    next: [`systemctl${user} daemon-reload`, `systemctl${user} enable --now ${service.name}`],
  };
}

function planForSite(service: Service, program: string, site: string): Installation {
  const { name } = service;
  return {
    path: join(site, 'etc/init.d', name),
    text: initScript(service, program),
    mode: 0o755,
    link: { path: join(site, 'etc/rc.d', `${place}-${name}`), target: `../init.d/${name}` },
    next: [`omd start ${name}`],
  };
}

/**
 * Writes what is planned, in place of what we have written before.
 *
 * @param force replaces a file of somebody else, too
 * @throws CourierError USAGE when a file of somebody else is in the way; LOCAL
 */
export function install({ path, text, mode, link }: Installation, force: boolean): void {
  if (!force) requireOurs(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.new`;
    writeFileSync(temporary, text);
    chmodSync(temporary, mode);
    renameSync(temporary, path);
    if (link === undefined) return;
    mkdirSync(dirname(link.path), { recursive: true });
    rmSync(link.path, { force: true });
    symlinkSync(link.target, link.path);
  } catch (error) {
    throw asCourierError(error, `writing ${path}`);
  }
}

/**
 * Takes away what {@link install} has written; fine when it is gone.
 *
 * @throws CourierError USAGE when the file is somebody else's; LOCAL
 */
export function uninstall({ path, link }: Installation): void {
  requireOurs(path);
  try {
    if (link !== undefined && isLink(link.path)) rmSync(link.path);
    rmSync(path, { force: true });
  } catch (error) {
    throw asCourierError(error, `removing ${path}`);
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

const longestFile = 100_000;

function requireOurs(path: string): void {
  if (!existsSync(path)) return;
  let text: string;
  try {
    text = readFileSync(path, 'utf8').slice(0, longestFile);
  } catch (error) {
    throw asCourierError(error, `reading ${path}`);
  }
  if (text.split('\n').slice(0, 2).includes(fileMark)) return;
  throw new CourierError('USAGE', `${path} was written by somebody else; --force replaces it`);
}
