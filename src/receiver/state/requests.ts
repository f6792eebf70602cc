/** Hosts that asked to be registered (`register_new`) and wait for an answer. One file each. */

import { join } from 'node:path';
import { z } from 'zod';
import { isHostUuid } from '../../certs/dns-name.ts';
import type { Logger } from '../../logging/log.ts';
import { type Inspection, Records } from './records.ts';

const requestSchema = z.object({
  uuid: z.string().refine(isHostUuid, 'must be a version 4 UUID'),
  /** The name it would get in Checkmk. */
  host: z.string(),
  state: z.enum(['new', 'allowed', 'declined']),
  /** A rule of the configuration, or somebody with `cmk-courier hosts allow`. */
  allowedBy: z.enum(['rule', 'hand']).nullable(),
  /** What the host is told when it is declined. */
  reason: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  csr: z.string(),
  /** Who asked, such as `user admin`; only the same may ask again. */
  requestedBy: z.string(),
  requestedAt: z.string(),
  answeredAt: z.string().nullable().default(null),
  /** When it first led to a registration: asking again then only repeats the answer. */
  completedAt: z.string().nullable().default(null),
  address: z.string(),
  mode: z.enum(['push-agent', 'pull-agent']),
  /** Names it may send piggyback for once it is registered, by what it asks with. */
  piggyback: z.array(z.string()),
  /** Further ones that were allowed by hand. */
  allowedPiggyback: z.array(z.string()).default([]),
  /** The UUID that has the host's name, where only the consent of a person was missing. */
  takesOver: z.string().nullable().default(null),
});

export type RegistrationRequest = z.infer<typeof requestSchema>;

/** The most requests kept; nobody reads more, and a host that asks later is told to come again. */
const mostRequests = 1000;
const dayMs = 86_400_000;
/** An answered request has been fetched long since, an open one is of no interest any more. */
const keptMs = { answered: dayMs, open: 30 * dayMs };

export class Requests {
  readonly #records: Records<RegistrationRequest>;

  private constructor(directory: string) {
    this.#records = new Records(join(directory, 'requests'), requestSchema);
  }

  /** @param log of the receiver, which tidies up */
  static async open(directory: string, log?: Logger): Promise<Requests> {
    const requests = new Requests(directory);
    await requests.#records.prepare(log);
    return requests;
  }

  inspect(): Promise<Inspection<RegistrationRequest>> {
    return this.#records.inspect();
  }

  list(): Promise<readonly RegistrationRequest[]> {
    return this.#records.list();
  }

  async byUuid(uuid: string): Promise<RegistrationRequest | undefined> {
    return isHostUuid(uuid) ? this.#records.read(uuid) : undefined;
  }

  async isFull(): Promise<boolean> {
    return (await this.#records.names()).length >= mostRequests;
  }

  /**
   * Makes of the request of a UUID what `change` says, while nobody else can change it.
   *
   * @returns the request there is then
   */
  update(
    uuid: string,
    change: Parameters<Records<RegistrationRequest>['update']>[1],
  ): Promise<RegistrationRequest | undefined> {
    return this.#records.update(uuid, change);
  }

  remove(uuid: string): Promise<boolean> {
    return this.#records.remove(uuid);
  }

  /** Removes requests that nobody will ask for any more. */
  async prune(now: number): Promise<void> {
    for (const request of await this.list()) {
      if (!isOld(request, now)) continue;
      await this.update(request.uuid, (before) =>
        before !== undefined && isOld(before, now) ? undefined : before,
      );
    }
  }
}

function isOld({ state, requestedAt, answeredAt }: RegistrationRequest, now: number): boolean {
  const limitMs = state === 'new' ? keptMs.open : keptMs.answered;
  return now - Date.parse(answeredAt ?? requestedAt) > limitMs;
}
