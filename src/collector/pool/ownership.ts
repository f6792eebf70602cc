/** Whose a host is, as far as this member has heard. */

import type { PoolHost, PoolSettings } from './contract.ts';
import type { Membership } from './membership.ts';
import { findOwner, type NameKey, toNameKey } from './placing.ts';

export class Ownership {
  readonly #settings: PoolSettings;
  readonly #membership: Membership;
  readonly #ourKey: NameKey;
  readonly #keys = new WeakMap<PoolHost, NameKey>();

  constructor(settings: PoolSettings, membership: Membership) {
    this.#settings = settings;
    this.#membership = membership;
    this.#ourKey = toNameKey(settings.member);
  }

  isOurs(host: PoolHost): boolean {
    return this.ownerOf(host) === this.#settings.member;
  }

  /** We count among those that ask, whatever state we are in: it is the same for all. */
  ownerOf(host: PoolHost): string | undefined {
    const { member, networks } = this.#settings;
    const network = host.route.settings.pool;
    const key = this.keyOf(host);
    const others = this.#membership.asking(key, network);
    const isWithUs = network === undefined || networks.includes(network);
    const all = isWithUs ? [...others, { member, key: this.#ourKey }] : others;
    return findOwner(key, all)?.member;
  }

  keyOf(host: PoolHost): NameKey {
    const known = this.#keys.get(host);
    if (known !== undefined) return known;
    const key = toNameKey(host.target.host);
    this.#keys.set(host, key);
    return key;
  }
}
