/** What hosts have told of themselves, and their request counters. One file a host. */

import { z } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import type { HostName } from '../../names/host-name.ts';
import { Records } from '../../receiver/state/records.ts';
import { toStamp } from '../../sealing/stamp.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { type CounterRow, firstRow, rowFromTime } from './request-counter.ts';

const stamp = z.string().regex(/^\d{14}$/);

/** Of the latest `check` or `report`. */
const standingSchema = z.strictObject({
  platform: z.string(),
  installedHash: z.string(),
  installedCounter: z.number(),
  rootVersion: z.number(),
  state: z.string(),
  updater: z.number(),
  hostTime: stamp,
  transport: z.string(),
  refused: z.string(),
  code: z.string(),
  error: z.string(),
});

const contactSchema = z.strictObject({
  host: z.string(),
  row: z.strictObject({ counter: stamp, tips: z.array(stamp).readonly(), isCloned: z.boolean() }),
  /** ISO 8601, by our clock, as all times here. */
  lastContact: z.string(),
  address: z.string(),
  /** The remote site that it asked through; absent for one that asks by itself. */
  via: z.string().optional(),
  standing: standingSchema.optional(),
  /** The last package that it fetched to its end. */
  downloaded: z.strictObject({ sha256: z.string(), at: z.string() }).optional(),
  /** Since when it runs what it says it has installed. */
  installedSince: z.string().optional(),
});

export type Standing = z.infer<typeof standingSchema>;
export type Contact = z.infer<typeof contactSchema>;

/** What a `check` or `report` says of its host. */
export function toStanding(values: ReadonlyMap<string, string>): Standing {
  const textOf = (name: string) => values.get(name) ?? '';
  return {
    platform: textOf('platform'),
    installedHash: textOf('installed-hash'),
    installedCounter: Number(textOf('installed-counter')),
    rootVersion: Number(textOf('root-version')),
    state: textOf('state'),
    updater: Number(textOf('updater')),
    hostTime: textOf('time'),
    transport: textOf('transport'),
    refused: textOf('refused'),
    code: textOf('code'),
    error: textOf('error'),
  };
}

export class Contacts {
  readonly #records: Records<Contact>;
  readonly #clock: { now(): number };

  private constructor({ hosts }: UpdatePlaces, clock: { now(): number }) {
    this.#records = new Records(hosts, contactSchema);
    this.#clock = clock;
  }

  /** @throws CourierError CONFIG; LOCAL */
  static async open(places: UpdatePlaces, clock: { now(): number }): Promise<Contacts> {
    const contacts = new Contacts(places, clock);
    await contacts.#records.prepare();
    return contacts;
  }

  read(host: HostName): Promise<Contact | undefined> {
    return this.#records.read(host);
  }

  /** @param isMeant by the name of the host; all unless given */
  list(isMeant?: (host: string) => boolean): Promise<readonly Contact[]> {
    return this.#records.list(isMeant);
  }

  /**
   * Changes what is known of a host, durably. Where it is lost or damaged, its counter goes on from
   * the time, so that no request of before can be used again.
   *
   * @param change throws to leave it as it is
   */
  async update(host: HostName, change: (before: Contact) => Contact): Promise<void> {
    try {
      await this.#records.update(host, (before) => change(before ?? this.#lost(host)));
    } catch (error) {
      if (!(error instanceof CourierError) || error.code !== 'CONFIG') throw error;
      await this.#records.write(host, change(this.#lost(host)));
    }
  }

  /** One machine goes on from the highest counter. */
  startRow(host: HostName): Promise<void> {
    return this.update(host, (before) => ({ ...before, row: firstRow(before.row.counter) }));
  }

  /** Of a host that registers: nothing is lost where there is nothing yet. */
  async begin(host: HostName, change: (row: CounterRow | undefined) => CounterRow): Promise<void> {
    const known = await this.#records.read(host).catch(() => this.#lost(host));
    const blank = { host, lastContact: this.#now, address: '' };
    await this.#records.write(host, { ...(known ?? blank), row: change(known?.row) });
  }

  remove(host: HostName): Promise<boolean> {
    return this.#records.remove(host);
  }

  get #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  #lost(host: HostName): Contact {
    const row = rowFromTime(toStamp(new Date(this.#clock.now())));
    return { host, row, lastContact: this.#now, address: '' };
  }
}
