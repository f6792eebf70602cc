/** All hosts of the collector, each with its route; what is known of a host outlives a reload. */

import type { HostName } from '../names/host-name.ts';
import { findRoute } from '../routes/match.ts';
import type { Route, Routes } from '../routes/route.ts';
import { Entry, type Routed } from './entry.ts';
import type { ListedHost } from './host-list.ts';
import { sharedPeerOf } from './shared-peer.ts';

/** New hosts, and hosts whose sources have changed, are asked within this time, spread over it. */
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

  readonly isThere = (host: HostName): boolean => this.#entries.has(host);

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
    const toAskSoon: Entry[] = [];
    const gone = new Set(this.#entries.keys());
    for (const listed of hosts.values()) {
      const routed = toRouted(routes, listed);
      if (routed === undefined) continue;
      gone.delete(listed.host);
      const known = this.#entries.get(listed.host);
      if (known === undefined) toAskSoon.push(this.#add(new Entry(routed, nowMs)));
      else if (known.rerouted(routed, nowMs)) toAskSoon.push(known);
    }
    spread(toAskSoon, nowMs);
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
  { host, address, tags, isAsked, isToRenew }: ListedHost,
): Routed | undefined {
  const route = findRoute(routes, host, tags);
  const everyMs = route?.settings.everyMs;
  if (route === undefined || everyMs === undefined) return undefined;
  if (address === undefined && needsAddress(route)) return undefined;
  return {
    ...{ target: { host, address }, tags, isAsked, isToRenew },
    ...{ route, peers: peersOf(route), everyMs },
  };
}

/** Those of all that is asked at once, whatever comes. */
function peersOf(route: Route): readonly string[] {
  const asked = [...route.sources.slice(0, 1), ...route.with];
  const peers = asked.map(({ uri }) => sharedPeerOf(uri)).filter((peer) => peer !== undefined);
  return [...new Set(peers)];
}

function needsAddress(route: Route): boolean {
  return [...route.sources, ...route.with].some(({ uri }) => uri.includes('{address}'));
}

function spread(entries: readonly Entry[], nowMs: number): void {
  const widestMs = entries.length < 2 ? 0 : spreadMs + entries.length * spreadPerHostMs;
  for (const [index, entry] of entries.entries()) {
    const withinMs = Math.min(entry.routed.everyMs, widestMs);
    entry.planFor(nowMs + (withinMs * index) / entries.length);
  }
}
