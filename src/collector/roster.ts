/** All hosts of the collector, each with its route; what is known of a host outlives a reload. */

import type { HostName } from '../names/host-name.ts';
import { findRoute } from '../routes/match.ts';
import type { Route, Routes } from '../routes/route.ts';
import { type Entry, newEntry, type Routed } from './entry.ts';
import type { ListedHost } from './host-list.ts';
import { sharedPeerOf } from './shared-peer.ts';

/** New hosts are asked within this time, so that a start does not ask all of them at once. */
const spreadMs = 5000;
const spreadPerHostMs = 10;

export class Roster {
  readonly #entries = new Map<HostName, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  get(host: HostName): Entry | undefined {
    return this.#entries.get(host);
  }

  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  /**
   * Takes in new hosts and routes.
   *
   * @param hosts those that are to be there; one whose route is not collected is left out
   * @returns hosts that are no longer there
   */
  update(
    routes: Routes,
    hosts: ReadonlyMap<HostName, ListedHost>,
    nowMs: number,
  ): readonly HostName[] {
    const added: Entry[] = [];
    const gone = new Set(this.#entries.keys());
    for (const listed of hosts.values()) {
      const routed = toRouted(routes, listed);
      if (routed === undefined) continue;
      gone.delete(listed.host);
      const known = this.#entries.get(listed.host);
      if (known !== undefined) adapt(known, routed, nowMs);
      else added.push(this.#add(newEntry(routed, nowMs)));
    }
    spread(added, nowMs);
    for (const host of gone) this.#entries.delete(host);
    return [...gone];
  }

  #add(entry: Entry): Entry {
    this.#entries.set(entry.target.host, entry);
    return entry;
  }
}

/**
 * Undefined for a host that is not to be collected: without an interval, or without an address
 * that its route needs and only the site knows.
 */
function toRouted(
  routes: Routes,
  { host, address, tags, isAsked }: ListedHost,
): Routed | undefined {
  const route = findRoute(routes, host, tags);
  const everyMs = route?.settings.everyMs;
  if (route === undefined || everyMs === undefined) return undefined;
  if (address === undefined && needsAddress(route)) return undefined;
  const peer = route.sources[0] && sharedPeerOf(route.sources[0].uri);
  return { target: { host, address }, tags, isAsked, route, peer, everyMs };
}

function needsAddress({ sources }: Route): boolean {
  return sources.some(({ uri }) => uri.includes('{address}'));
}

/** A shorter interval takes effect at once. */
function adapt(entry: Entry, changes: Routed, nowMs: number): void {
  if (changes.everyMs < entry.everyMs) entry.dueMs = Math.min(entry.dueMs, nowMs + changes.everyMs);
  Object.assign(entry, changes);
}

function spread(added: readonly Entry[], nowMs: number): void {
  const widestMs = added.length < 2 ? 0 : spreadMs + added.length * spreadPerHostMs;
  for (const [index, entry] of added.entries()) {
    const withinMs = Math.min(entry.everyMs, widestMs);
    entry.dueMs = nowMs + (withinMs * index) / added.length;
  }
}
