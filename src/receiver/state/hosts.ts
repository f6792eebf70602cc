/** Registered hosts: which UUID writes for which host. One file a host. */

import { join } from 'node:path';
import { z } from 'zod';
import { isHostUuid } from '../../certs/dns-name.ts';
import { toSerial } from '../../certs/revocation.ts';
import { systemClock } from '../../clock.ts';
import type { Logger } from '../../logging/log.ts';
import { type Inspection, Records } from './records.ts';

const hostSchema = z.object({
  host: z.string(),
  /** The common name of its certificates. */
  uuid: z.string().refine(isHostUuid, 'must be a version 4 UUID'),
  mode: z.enum(['push-agent', 'pull-agent']),
  /** Every certificate it was given and may still use; renewing does not end the one before. */
  certificates: z.array(z.object({ serial: z.string(), notAfter: z.string() })),
  /** Names of other hosts, or patterns, it may send piggyback for, by what it registered with. */
  piggyback: z.array(z.string()),
  /**
   * Further ones that were allowed by hand, which stay when it registers again. Older records do
   * not tell them apart.
   */
  allowedPiggyback: z.array(z.string()).optional(),
  registeredAt: z.string(),
  /** Who asked, such as `user admin`. */
  registeredBy: z.string(),
  /** Another identity that had the name when this one registered. */
  tookOver: z.object({ uuid: z.string(), registeredBy: z.string(), at: z.string() }).optional(),
});

export type RegisteredHost = z.infer<typeof hostSchema>;
export type ConnectionMode = RegisteredHost['mode'];

/** How many valid certificates a host may have; it needs two, the new one and the one before. */
const mostCertificates = 50;
/** How often all records are looked at for one that somebody else has replaced. */
const lookingMs = 10_000;

export interface NewCertificate {
  readonly serial: string;
  readonly notAfter: Date;
}

/** What becomes of the certificates a host has already. */
export interface Succession {
  readonly now: number;
  /** Serial of the one the host is using now, which stays good. */
  readonly using?: string;
  /** Denies serials before they are forgotten. */
  readonly revoke: (serials: readonly string[]) => Promise<void>;
}

/**
 * Certificates of a host, or of another writer, with further ones. Those that have expired are forgotten; of too many
 * valid ones the oldest are revoked first, so that no good one is out of anybody's sight.
 */
export async function withCertificates(
  before: RegisteredHost['certificates'],
  added: readonly NewCertificate[],
  { now, using, revoke }: Succession,
): Promise<RegisteredHost['certificates']> {
  const valid = before.filter(({ notAfter }) => Date.parse(notAfter) > now);
  const excess = Math.max(0, valid.length + added.length - mostCertificates);
  const oldest = valid.filter(({ serial }) => toSerial(serial) !== toSerial(using ?? ''));
  const dropped = oldest.slice(0, excess);
  if (dropped.length > 0) await revoke(dropped.map(({ serial }) => serial));
  const rest = valid.filter((one) => !dropped.includes(one));
  return [...rest, ...added.map(toIssued)];
}

/** A certificate as records have it. */
export function toIssued({ serial, notAfter }: NewCertificate) {
  return { serial, notAfter: notAfter.toISOString() };
}

/**
 * The hosts and, in memory, an index by UUID. Another process may take a host away at any time:
 * every look-up asks the file.
 */
export class Hosts {
  readonly #records: Records<RegisteredHost>;
  readonly #hostOf = new Map<string, { readonly host: string }>();
  /** The names of the records in the index. */
  readonly #known = new Set<string>();
  /** Versions of the directory: when all were looked at, and when its names were. */
  #indexed = '';
  #listed = '';
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** The newest linking of each UUID; the next one waits for it. */
  readonly #linking = new Map<string, Promise<unknown>>();

  private constructor(directory: string) {
    this.#records = new Records(join(directory, 'hosts'), hostSchema);
  }

  /** @param log of the receiver, which tidies up */
  static async open(directory: string, log?: Logger): Promise<Hosts> {
    const hosts = new Hosts(directory);
    await hosts.#records.prepare(log);
    // The receiver reads all records at its start, so that no request waits for that later.
    if (log !== undefined) await hosts.#index();
    return hosts;
  }

  inspect(): Promise<Inspection<RegisteredHost>> {
    return this.#records.inspect();
  }

  list(): Promise<readonly RegisteredHost[]> {
    return this.#records.list();
  }

  byName(host: string): Promise<RegisteredHost | undefined> {
    return this.#records.read(host);
  }

  /** The host a UUID is linked to now. */
  async byUuid(uuid: string): Promise<RegisteredHost | undefined> {
    if (!this.#hostOf.has(uuid)) await this.#index();
    const host = this.#hostOf.get(uuid)?.host;
    if (host === undefined) return undefined;
    const record = await this.#records.read(host);
    return record?.uuid === uuid ? record : undefined;
  }

  /**
   * Links a host with a UUID; a UUID it was linked with before is no longer registered.
   *
   * @param make what was there → what shall be, while nobody else can change it; may throw
   * @returns false when the UUID stands for another host
   */
  async link(
    { host, uuid }: Pick<RegisteredHost, 'host' | 'uuid'>,
    make: (before: RegisteredHost | undefined) => RegisteredHost | Promise<RegisteredHost>,
  ): Promise<boolean> {
    // One after the other: of two who link one UUID with different hosts, one must see the other.
    const before = this.#linking.get(uuid) ?? Promise.resolve();
    const turn = before.then(async () => {
      const linked = await this.byUuid(uuid);
      if (linked !== undefined && linked.host !== host) return false;
      await this.#records.update(host, make);
      this.#note({ uuid, host });
      return true;
    });
    const ended = turn.catch(() => undefined);
    this.#linking.set(uuid, ended);
    try {
      return await turn;
    } finally {
      if (this.#linking.get(uuid) === ended) this.#linking.delete(uuid);
    }
  }

  /** Changes what is known of a host, which goes on being the same; false when there is none. */
  async change(host: string, make: (before: RegisteredHost) => RegisteredHost): Promise<boolean> {
    const after = await this.#records.update(host, (before) => before && make(before));
    return after !== undefined;
  }

  /**
   * Remembers a further certificate.
   *
   * @returns false when the UUID is registered no more: then it must not be given away
   */
  async addCertificate(
    uuid: string,
    certificate: NewCertificate,
    succession: Succession,
  ): Promise<boolean> {
    const host = (await this.byUuid(uuid))?.host;
    if (host === undefined) return false;
    const after = await this.#records.update(host, async (before) => {
      if (before?.uuid !== uuid) return before;
      const certificates = await withCertificates(before.certificates, [certificate], succession);
      return { ...before, certificates };
    });
    return after?.uuid === uuid;
  }

  /** @returns what there was */
  async remove(host: string): Promise<RegisteredHost | undefined> {
    let removed: RegisteredHost | undefined;
    await this.#records.update(host, (before) => {
      removed = before;
      return undefined;
    });
    return removed;
  }

  /** Removes a record that cannot be read. */
  removeDamaged(host: string): Promise<boolean> {
    return this.#records.remove(host);
  }

  /**
   * Reads new records. Only another process changes the UUID of an existing record, so all records
   * are checked only now and then: with ten thousand that takes a third of a second.
   */
  async #index(): Promise<void> {
    const version = await this.#records.version();
    if (version === this.#indexed) return;
    if (systemClock.monotonic() - this.#lookedMs > lookingMs) {
      this.#lookedMs = systemClock.monotonic();
      await this.#lookAtAll();
      this.#indexed = version;
    } else if (version !== this.#listed) {
      const isNew = (name: string) => !this.#known.has(name);
      for (const record of await this.#records.list(isNew)) this.#note(record);
      this.#listed = version;
    }
  }

  async #lookAtAll(): Promise<void> {
    const before = [...this.#hostOf];
    const uuidOf = new Map((await this.#records.list()).map(({ host, uuid }) => [host, uuid]));
    for (const [host, uuid] of uuidOf) this.#note({ host, uuid });
    for (const [uuid, entry] of before) {
      // Unless it has been linked again since it was read.
      const isStale = uuidOf.get(entry.host) !== uuid && this.#hostOf.get(uuid) === entry;
      if (isStale) this.#hostOf.delete(uuid);
    }
  }

  #note({ uuid, host }: Pick<RegisteredHost, 'uuid' | 'host'>): void {
    this.#hostOf.set(uuid, { host });
    this.#known.add(host);
  }
}

/** All names a host may send piggyback for. */
export function allPiggyback({ piggyback, allowedPiggyback = [] }: RegisteredHost): string[] {
  return [...new Set([...piggyback, ...allowedPiggyback])];
}
