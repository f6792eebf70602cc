/** Registered hosts, as they were a moment ago: going through all of them takes the disk. */

import type { Clock } from '../../clock.ts';
import type { RegisteredHost } from '../../receiver/state/hosts.ts';

/** Who registers shows within this time. */
const againMs = 60_000;

export class Registrations {
  readonly #read: () => Promise<readonly RegisteredHost[]>;
  readonly #clock: Clock;
  #known: readonly RegisteredHost[] = [];
  #readMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<readonly RegisteredHost[]> | undefined;

  constructor(read: () => Promise<readonly RegisteredHost[]>, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  /** @throws CourierError LOCAL */
  async list(): Promise<readonly RegisteredHost[]> {
    if (this.#clock.monotonic() - this.#readMs < againMs) return this.#known;
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(): Promise<readonly RegisteredHost[]> {
    // What fails is tried again no sooner than what does not.
    this.#readMs = this.#clock.monotonic();
    this.#known = await this.#read();
    return this.#known;
  }
}
