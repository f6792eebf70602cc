/** What was last refused to each host, for whoever asks why a host has no data. One file a host. */

import { join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../logging/log.ts';
import { Records } from './records.ts';

const text = z.string().max(600);

const refusedSchema = z.object({
  host: z.string().max(255),
  refusedAt: text,
  /** As `/metrics` and the log name it. */
  reason: z.string().regex(/^[a-z-]{1,30}$/),
  status: z.int().min(400).max(599),
  /** What the sender was told. */
  message: text,
  /** Who sent it, such as `token 1a2b…`; null: somebody who was not let in. */
  by: text.nullable(),
  address: text,
});

export type LastRefusal = z.infer<typeof refusedSchema>;

const dayMs = 86_400_000;
const keptDays = 30;

export class LastRefusals {
  readonly #records: Records<LastRefusal>;

  private constructor(directory: string) {
    this.#records = new Records(join(directory, 'refused'), refusedSchema);
  }

  /**
   * @param directory the state of the receiver
   * @param log of the receiver, which tidies up
   */
  static async open(directory: string, log?: Logger): Promise<LastRefusals> {
    const refusals = new LastRefusals(directory);
    await refusals.#records.prepare(log);
    return refusals;
  }

  /** For who only looks: makes no directory. */
  static lookInto(directory: string): LastRefusals {
    return new LastRefusals(directory);
  }

  /**
   * Makes of what is there what `choose` says.
   *
   * @throws CourierError CONFIG when the file is damaged; LOCAL
   */
  async replace(
    host: string,
    choose: (before: LastRefusal | undefined) => LastRefusal,
  ): Promise<void> {
    await this.#records.update(host, choose);
  }

  /** @throws CourierError CONFIG when the file is damaged, LOCAL when it cannot be trusted or read */
  read(host: string): Promise<LastRefusal | undefined> {
    return this.#records.read(host);
  }

  /** How many hosts there is one of. */
  async count(): Promise<number> {
    return (await this.#records.names()).length;
  }

  /** Removes those that are too old to tell anything. */
  async prune(now: number): Promise<void> {
    for (const { host, refusedAt } of await this.#records.list()) {
      if (now - Date.parse(refusedAt) > keptDays * dayMs) await this.#records.remove(host);
    }
  }
}
