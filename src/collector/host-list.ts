/** Which hosts there are: those named in routes, those in a list, and those the site asked for. */

import { readFileSync, statSync } from 'node:fs';
import { CourierError, quote } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { type HostName, parseAddress, parseHostName } from '../names/host-name.ts';
import type { Asked } from '../ready/asked.ts';
import type { Routes } from '../routes/route.ts';
import { requireTrustedSync } from '../system/trusted-path.ts';

export interface ListedHost {
  readonly host: HostName;
  readonly address: string | undefined;
  readonly tags: readonly string[];
  /**
   * The site asked for the host, and only the site knows its address, which may change any time.
   */
  readonly isAsked: boolean;
  /** Whether the site is to fetch by itself and ask for the host again. */
  readonly isToRenew: boolean;
}

/** What the site asked for, and whether it is to ask again. */
interface Noted extends Asked {
  readonly isToRenew: boolean;
}

const largestList = 16 * 1024 * 1024;

/**
 * A file with a host a line: name, address (`-` for none), tags, separated by blanks; `#` begins
 * a comment.
 *
 * @throws CourierError CONFIG naming file and line; LOCAL when it cannot be read
 */
export function readHostList(path: string): readonly ListedHost[] {
  const lines = readText(path).split('\n');
  return lines.flatMap((line, index) => {
    const [name, address = '-', ...tags] = line.replace(/#.*/, '').split(/\s+/).filter(Boolean);
    if (name === undefined) return [];
    try {
      const given = address === '-' ? undefined : parseAddress(address);
      return [
        { host: parseHostName(name), address: given, tags, isAsked: false, isToRenew: false },
      ];
    } catch (error) {
      const what = `${path}:${index + 1}: ${quote(line)}: a line is NAME ADDRESS TAG…`;
      throw new CourierError('CONFIG', what, { cause: error });
    }
  });
}

function readText(path: string): string {
  requireTrustedSync(path);
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new CourierError('CONFIG', `${path}: is not a file`);
    if (stats.size > largestList) throw new CourierError('CONFIG', `${path}: larger than 16 MiB`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw asCourierError(error, `reading the host list ${path}`);
  }
}

/** Every host once: the list has precedence over what the site asked for, and that over a route. */
export function gatherHosts(
  { routes }: Routes,
  listed: readonly ListedHost[],
  asked: readonly Noted[],
): ReadonlyMap<HostName, ListedHost> {
  const hosts = new Map<HostName, ListedHost>();
  for (const { hosts: patterns, settings } of routes) {
    if (settings.everyMs === undefined) continue;
    for (const host of patterns.names) {
      hosts.set(host, { host, address: undefined, tags: [], isAsked: false, isToRenew: false });
    }
  }
  for (const { host, address, tags, isToRenew } of asked) {
    hosts.set(host, { host, address, tags, isAsked: true, isToRenew });
  }
  for (const host of listed) hosts.set(host.host, host);
  return hosts;
}
