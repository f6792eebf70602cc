/** What all members of a pool must have in common, in few bytes: which hosts there are, and how each is asked. */

import type { PoolHost } from './contract.ts';
import { type NameKey, scatter, toNameKey } from './placing.ts';

/** What a member says of its routes. */
export interface Shares {
  /** How many hosts it knows. */
  readonly hosts: number;
  /** 16 hex digits: the same for the same names of hosts. */
  readonly names: string;
  /** 16 hex digits: the same where the hosts are asked alike as well. */
  readonly routes: string;
}

/** Two sums of 32 bits, which the order of hosts does not change. */
class Sum {
  #low = 0;
  #high = 0;

  add({ low, high }: Pick<NameKey, 'low' | 'high'>): void {
    this.#low = (this.#low + low) >>> 0;
    this.#high = (this.#high + scatter(high ^ low)) >>> 0;
  }

  toString(): string {
    return [this.#low, this.#high].map((half) => half.toString(16).padStart(8, '0')).join('');
  }
}

/**
 * Counts where sources are, how often they are asked, and the network that reaches them. Options do not
 * count: files with secrets may well lie elsewhere on each machine.
 */
export function digestShares(hosts: Iterable<readonly [host: PoolHost, key: NameKey]>): Shares {
  const [names, routes] = [new Sum(), new Sum()];
  const keys = new Map<PoolHost['route'], NameKey>();
  let count = 0;
  for (const [{ route, routed }, key] of hosts) {
    const routeKey = keys.get(route) ?? toRouteKey(route);
    keys.set(route, routeKey);
    names.add(key);
    const low = scatter(key.low ^ routeKey.low ^ scatter(routed.everyMs));
    routes.add({ low, high: scatter(key.high ^ routeKey.high) });
    count += 1;
  }
  return { hosts: count, names: `${names}`, routes: `${routes}` };
}

function toRouteKey({ sources, with: beside, settings }: PoolHost['route']): NameKey {
  const uris = [sources, beside].map((list) => list.map(({ uri }) => uri));
  return toNameKey(JSON.stringify([uris, settings.pool]));
}

/** What people compare: the digest of the routes, shortened. */
export function toVersion({ routes }: Shares): string {
  return routes.slice(0, 8);
}

const digest = /^[0-9a-f]{16}$/;

/** Undefined for what is none, and in beats of programs that do not say it yet. */
export function readShares(given: unknown): Shares | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const [hosts, names, routes] = ['hosts', 'names', 'routes'].map((name): unknown =>
    Reflect.get(given, name),
  );
  if (!Number.isSafeInteger(hosts) || typeof hosts !== 'number' || hosts < 0) return undefined;
  if (typeof names !== 'string' || typeof routes !== 'string') return undefined;
  return digest.test(names) && digest.test(routes) ? { hosts, names, routes } : undefined;
}
