/** Keys that hosts have handed in to seal with, and that wait for somebody to say yes. One file each. */

import { join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../logging/log.ts';
import type { HostName } from '../../names/host-name.ts';
import { Records } from './records.ts';

const sealKeySchema = z.object({
  host: z.string(),
  /** SHA-256 of its DER. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  /** DER in base64. */
  der: z.string(),
  state: z.enum(['new', 'denied']),
  /** Who handed it in, such as `token 1a2b`. */
  requestedBy: z.string(),
  requestedAt: z.string(),
  address: z.string(),
});

export type WaitingKey = z.infer<typeof sealKeySchema>;

/** The most waiting keys; nobody looks through more. */
const mostKeys = 1000;

export class SealKeys {
  readonly #records: Records<WaitingKey>;

  private constructor(directory: string) {
    this.#records = new Records(join(directory, 'seal-keys'), sealKeySchema);
  }

  /** @param log of the receiver, which tidies up */
  static async open(directory: string, log?: Logger): Promise<SealKeys> {
    const keys = new SealKeys(directory);
    await keys.#records.prepare(log);
    return keys;
  }

  list(): Promise<readonly WaitingKey[]> {
    return this.#records.list();
  }

  of(host: HostName): Promise<WaitingKey | undefined> {
    return this.#records.read(host);
  }

  /**
   * Makes room for one more, if need be by forgetting the denial that is oldest: else whoever has
   * many denied keeps all others out for ever.
   *
   * @returns false when so many wait for an answer
   */
  async makeRoom(): Promise<boolean> {
    if ((await this.#records.names()).length < mostKeys) return true;
    const denied = (await this.list()).filter(({ state }) => state === 'denied');
    const [oldest] = denied.sort((one, other) => (one.requestedAt < other.requestedAt ? -1 : 1));
    return oldest !== undefined && (await this.#records.remove(oldest.host));
  }

  /** As {@link Records.update}: what there is → what shall be. */
  update(
    host: HostName,
    change: Parameters<Records<WaitingKey>['update']>[1],
  ): Promise<WaitingKey | undefined> {
    return this.#records.update(host, change);
  }
}
