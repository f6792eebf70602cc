/** Tokens that a host registers with: one a host, for one use, for a short time. */

import { z } from 'zod';
import type { HostName } from '../../names/host-name.ts';
import { Records } from '../../receiver/state/records.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { macKeyText } from './authenticity.ts';

const tokenSchema = z.strictObject({
  host: z.string(),
  /** The token itself: a digest of it would prove nothing to the host. */
  token: z.string().regex(macKeyText),
  /** ISO 8601. */
  madeAt: z.string(),
  madeBy: z.string(),
  expiresAt: z.string(),
  /** The nonces it was used with, so that a host that lost the answer gets the same one again. */
  used: z.strictObject({ at: z.string(), nonce: z.string(), serverNonce: z.string() }).optional(),
});

export type Token = z.infer<typeof tokenSchema>;

export class Tokens {
  readonly #records: Records<Token>;

  private constructor({ tokens }: UpdatePlaces) {
    this.#records = new Records(tokens, tokenSchema);
  }

  /** @throws CourierError CONFIG; LOCAL */
  static async open(places: UpdatePlaces): Promise<Tokens> {
    const tokens = new Tokens(places);
    await tokens.#records.prepare();
    return tokens;
  }

  read(host: HostName): Promise<Token | undefined> {
    return this.#records.read(host);
  }

  /** In the place of the one there was. */
  async write(host: HostName, token: Token): Promise<void> {
    await this.#records.write(host, token);
  }

  /** @param change throws to leave it as it is */
  update(
    host: HostName,
    change: (before: Token | undefined) => Promise<Token | undefined>,
  ): Promise<Token | undefined> {
    return this.#records.update(host, change);
  }

  remove(host: HostName): Promise<boolean> {
    return this.#records.remove(host);
  }

  /** Removes those that can be used no more. */
  async prune(nowMs: number): Promise<void> {
    for (const { host, expiresAt } of await this.#records.list()) {
      if (Date.parse(expiresAt) <= nowMs) await this.#records.remove(host);
    }
  }
}
