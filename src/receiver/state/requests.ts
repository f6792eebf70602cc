/** Hosts that asked to be registered (`register_new`) and wait for an answer. One file each. */

import { join } from 'node:path';
import { z } from 'zod';
import { isHostUuid } from '../../certs/dns-name.ts';
import { Records } from './records.ts';

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
  address: z.string(),
  mode: z.enum(['push-agent', 'pull-agent']),
  /** Names it may send piggyback for once it is registered. */
  piggyback: z.array(z.string()),
});

export type RegistrationRequest = z.infer<typeof requestSchema>;

/** More than this nobody reads; a host that asks later is told to come again. */
const mostRequests = 1000;
const dayMs = 86_400_000;
/** An answered request has been fetched long since, an open one is of no interest any more. */
const keptMs = { answered: dayMs, open: 30 * dayMs };

export class Requests {
  readonly #records: Records<RegistrationRequest>;

  private constructor(directory: string) {
    this.#records = new Records(join(directory, 'requests'), requestSchema);
  }

  /** @param tidy removes what a crash left behind; for the receiver only */
  static async open(directory: string, tidy = false): Promise<Requests> {
    const requests = new Requests(directory);
    await requests.#records.prepare(tidy);
    return requests;
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

  write(request: RegistrationRequest): Promise<void> {
    return this.#records.write(request.uuid, request);
  }

  remove(uuid: string): Promise<boolean> {
    return this.#records.remove(uuid);
  }

  /** Forgets what nobody will ask for any more. */
  async prune(now: number): Promise<void> {
    for (const { uuid, state, requestedAt } of await this.list()) {
      const limitMs = state === 'new' ? keptMs.open : keptMs.answered;
      if (now - Date.parse(requestedAt) > limitMs) await this.remove(uuid);
    }
  }
}
