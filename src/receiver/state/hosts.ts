/** Registered hosts: which UUID writes for which host. One file a host. */

import { join } from 'node:path';
import { z } from 'zod';
import { isHostUuid } from '../../certs/dns-name.ts';
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
   * Further ones that were allowed by hand, which stay when it registers again. Records of before
   * do not tell them apart.
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

/**
 * The hosts and, in memory, an index by UUID. Another process may take a host away at any time:
 * every look-up asks the file.
 */
export class Hosts {
  readonly #records: Records<RegisteredHost>;
  #hostOf = new Map<string, string>();
  #indexed = '';
  /** Whoever links last. */
  #linking: Promise<unknown> = Promise.resolve();

  private constructor(directory: string) {
    this.#records = new Records(join(directory, 'hosts'), hostSchema);
  }

  /** @param log of the receiver, which tidies up */
  static async open(directory: string, log?: Logger): Promise<Hosts> {
    const hosts = new Hosts(directory);
    await hosts.#records.prepare(log);
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
    const host = this.#hostOf.get(uuid);
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
    const turn = this.#linking.then(async () => {
      const linked = await this.byUuid(uuid);
      if (linked !== undefined && linked.host !== host) return false;
      await this.#records.update(host, make);
      this.#hostOf.set(uuid, host);
      return true;
    });
    this.#linking = turn.catch(() => undefined);
    return turn;
  }

  /** Changes what is known of a host, which goes on being the same; false when there is none. */
  async change(host: string, make: (before: RegisteredHost) => RegisteredHost): Promise<boolean> {
    const after = await this.#records.update(host, (before) => before && make(before));
    return after !== undefined;
  }

  /**
   * Remembers a further certificate, and forgets those that have expired.
   *
   * @returns false when the UUID is registered no more: then it must not be given away
   */
  async addCertificate(
    uuid: string,
    certificate: { readonly serial: string; readonly notAfter: Date },
    now: number,
  ): Promise<boolean> {
    const host = (await this.byUuid(uuid))?.host;
    if (host === undefined) return false;
    const { serial, notAfter } = certificate;
    const after = await this.#records.update(host, (before) => {
      if (before?.uuid !== uuid) return before;
      const valid = before.certificates.filter((one) => Date.parse(one.notAfter) > now);
      const certificates = [...valid, { serial, notAfter: notAfter.toISOString() }];
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

  /** Reads all files when one of them may have changed. */
  async #index(): Promise<void> {
    const version = await this.#records.version();
    if (version === this.#indexed) return;
    const all = await this.#records.list();
    this.#hostOf = new Map(all.map(({ uuid, host }) => [uuid, host]));
    this.#indexed = version;
  }
}

/** All names a host may send piggyback for. */
export function allPiggyback({ piggyback, allowedPiggyback = [] }: RegisteredHost): string[] {
  return [...new Set([...piggyback, ...allowedPiggyback])];
}
