/** Which hosts there are: those named in routes, those in a list, and those the site asked for. */

import type { HostName } from '../names/host-name.ts';
import type { Asked } from '../ready/asked.ts';
import { readHostsInList } from '../routes/host-list.ts';
import type { Routes } from '../routes/route.ts';

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

/** @throws CourierError as {@link readHostsInList} does */
export function readHostList(path: string): readonly ListedHost[] {
  return readHostsInList(path).map((listed) => ({ ...listed, isAsked: false, isToRenew: false }));
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
