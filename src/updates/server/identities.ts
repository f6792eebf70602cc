/** Which hosts are known, and by which secret. One file a host, for nobody else to read. */

import { join } from 'node:path';
import { z } from 'zod';
import type { HostName } from '../../names/host-name.ts';
import { Records } from '../../receiver/state/records.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { type MacKey, macKeyText } from './authenticity.ts';

const key = z.string().regex(macKeyText);

const identitySchema = z.strictObject({
  host: z.string(),
  /** Absent for a host that has never used the secret it registered, and for a revoked one. */
  secret: key.optional(),
  /** Takes the place of `secret` when it is first used: until then the host may not have got it. */
  pending: key.optional(),
  /** Whether the host is told to take another secret. */
  rotate: z.boolean(),
  /** When it was revoked, ISO 8601. */
  revokedAt: z.string().optional(),
  /** When and from where it was registered last. */
  registeredAt: z.string(),
  registeredFrom: z.string(),
  /** Why nothing is offered to it; absent for a host that takes part. */
  excluded: z.strictObject({ since: z.string(), by: z.string(), why: z.string() }).optional(),
});

export type Identity = z.infer<typeof identitySchema>;

export class Identities {
  readonly #records: Records<Identity>;

  private constructor({ hosts }: UpdatePlaces) {
    this.#records = new Records(join(hosts, 'secrets'), identitySchema);
  }

  /** @throws CourierError CONFIG; LOCAL */
  static async open(places: UpdatePlaces): Promise<Identities> {
    const identities = new Identities(places);
    await identities.#records.prepare();
    return identities;
  }

  /** Read again whenever it has changed: a host that is revoked is so at once. */
  read(host: HostName): Promise<Identity | undefined> {
    return this.#records.read(host);
  }

  /** All hosts, in the order of their names; a damaged file takes no other along. */
  list(): Promise<readonly Identity[]> {
    return this.#records.list();
  }

  update(
    host: HostName,
    change: (before: Identity | undefined) => Identity | undefined,
  ): Promise<Identity | undefined> {
    return this.#records.update(host, change);
  }

  remove(host: HostName): Promise<boolean> {
    return this.#records.remove(host);
  }
}

/** The keys a request of the host may have been made with. */
export function keysOf(
  identity: Identity | undefined,
): readonly [MacKey | undefined, MacKey | undefined] {
  if (identity === undefined || identity.revokedAt !== undefined) return [undefined, undefined];
  return [identity.secret, identity.pending];
}

/** The host has shown that it has its new secret: the old one is good for nothing any more. */
export function confirmed(identity: Identity, used: MacKey): Identity {
  const { pending, ...rest } = identity;
  return used === pending ? { ...rest, secret: pending, rotate: false } : identity;
}
