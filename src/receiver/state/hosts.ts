/** Registered hosts: which UUID writes for which host. One file a host. */

import { join } from 'node:path';
import { z } from 'zod';
import { isHostUuid } from '../../certs/dns-name.ts';
import { Records } from './records.ts';

const hostSchema = z.object({
  host: z.string(),
  /** The common name of its certificates. */
  uuid: z.string().refine(isHostUuid, 'must be a version 4 UUID'),
  mode: z.enum(['push-agent', 'pull-agent']),
  /** Every certificate it was given and may still use; renewing does not end the one before. */
  certificates: z.array(z.object({ serial: z.string(), notAfter: z.string() })),
  /** Names of other hosts, or patterns, it may send piggyback for. */
  piggyback: z.array(z.string()),
  registeredAt: z.string(),
  /** Who asked, such as `user admin`. */
  registeredBy: z.string(),
});

export type RegisteredHost = z.infer<typeof hostSchema>;
export type ConnectionMode = RegisteredHost['mode'];

/** Whose turn it is to link; no host is called that. */
const linking = '/link';

/**
 * The hosts and, in memory, an index by UUID. Another process may take a host away at any time:
 * every look-up asks the file.
 */
export class Hosts {
  readonly #records: Records<RegisteredHost>;
  #hostOf = new Map<string, string>();
  #indexed = '';
  /** Writes for one host wait for each other. */
  readonly #tails = new Map<string, Promise<unknown>>();

  private constructor(directory: string) {
    this.#records = new Records(join(directory, 'hosts'), hostSchema);
  }

  /** @param tidy removes what a crash left behind; for the receiver only */
  static async open(directory: string, tidy = false): Promise<Hosts> {
    const hosts = new Hosts(directory);
    await hosts.#records.prepare(tidy);
    return hosts;
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
   * @returns false when the UUID stands for another host
   */
  async link(record: RegisteredHost): Promise<boolean> {
    const { uuid, host } = record;
    // One after the other: of two who link one UUID with different hosts, one must see the other.
    return this.#inTurn(linking, async () => {
      const linked = await this.byUuid(uuid);
      if (linked !== undefined && linked.host !== host) return false;
      await this.#inTurn(host, () => this.#records.write(host, record));
      this.#hostOf.set(uuid, host);
      return true;
    });
  }

  /** Remembers a further certificate, and forgets those that have expired. */
  async addCertificate(uuid: string, serial: string, notAfter: Date, now: number): Promise<void> {
    const host = (await this.byUuid(uuid))?.host;
    if (host === undefined) return;
    await this.#inTurn(host, async () => {
      const record = await this.#records.read(host);
      if (record?.uuid !== uuid) return;
      const valid = record.certificates.filter((one) => Date.parse(one.notAfter) > now);
      const certificates = [...valid, { serial, notAfter: notAfter.toISOString() }];
      await this.#records.write(host, { ...record, certificates });
    });
  }

  remove(host: string): Promise<boolean> {
    return this.#inTurn(host, () => this.#records.remove(host));
  }

  /** Reads all files when one of them may have changed. */
  async #index(): Promise<void> {
    const version = await this.#records.version();
    if (version === this.#indexed) return;
    const all = await this.#records.list();
    this.#hostOf = new Map(all.map(({ uuid, host }) => [uuid, host]));
    this.#indexed = version;
  }

  async #inTurn<Result>(host: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(host) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#tails.set(host, turn);
    try {
      return await turn;
    } finally {
      if (this.#tails.get(host) === turn) this.#tails.delete(host);
    }
  }
}
