/** How many outputs a minute are taken: of all, of one sender and host, and of one relay. */

import type { Clock } from '../clock.ts';
import type { HostName } from '../names/host-name.ts';
import { RateLimit } from './limits.ts';
import type { Settings } from './options.ts';
import { Refusal } from './refusal.ts';

/** What its limits are counted under. */
export interface Counted {
  readonly name: string;
  readonly host: HostName;
}

/** A relay has many hosts, and may invent more: no single one gets more of what all get. */
const mostOfRelay = 0.5;

export class UploadRates {
  readonly #ofAll: RateLimit;
  readonly #ofHost: RateLimit;
  readonly #ofRelay: RateLimit;

  constructor({ uploadRate, senderUploadRate }: Settings, clock: Clock) {
    this.#ofAll = new RateLimit(uploadRate, clock);
    this.#ofHost = new RateLimit(senderUploadRate, clock);
    this.#ofRelay = new RateLimit(Math.max(1, uploadRate * mostOfRelay), clock);
  }

  /** @throws Refusal 429 */
  count({ name, host }: Counted): void {
    requireNoWait(this.#ofHost.take(`${name} ${host}`) ?? this.#ofAll.take('all'));
  }

  /**
   * The same for what a relay brings, faults included.
   *
   * @throws Refusal 429
   */
  countRelayed(counted: Counted): void {
    requireNoWait(this.#ofRelay.take(counted.name));
    this.count(counted);
  }
}

function requireNoWait(retryAfterS: number | undefined): void {
  if (retryAfterS === undefined) return;
  throw new Refusal('too-many', 'too many outputs a minute', { retryAfterS });
}
