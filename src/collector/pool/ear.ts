/**
 * Notices that nothing of what members say arrives any more, not even what we say ourselves
 * (nats.md#subscribing).
 */

import type { Clock } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import { formatLimit } from '../../times/durations.ts';

/** It looks so often in the time after which it counts as deaf. */
const looks = 10;

export class Ear {
  readonly #clock: Clock;
  readonly #silenceMs: number;
  readonly #first = Promise.withResolvers<void>();
  #silentMs = 0;

  /** @param silenceMs members say something several times in so long */
  constructor(clock: Clock, silenceMs: number) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
  }

  /** Resolves when something has been heard. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  heard(): void {
    this.#silentMs = 0;
    this.#first.resolve();
  }

  /**
   * While we stand still nothing is read: that is no silence.
   *
   * @throws CourierError TIMEOUT; the signal's reason
   */
  async untilDeaf(what: string, signal: AbortSignal): Promise<never> {
    const tickMs = this.#silenceMs / looks;
    while (this.#silentMs < this.#silenceMs) {
      const fromMs = this.#clock.monotonic();
      await this.#clock.sleep(tickMs, signal);
      this.#silentMs += Math.min(this.#clock.monotonic() - fromMs, 2 * tickMs);
    }
    const long = formatLimit(this.#silenceMs);
    throw new CourierError('TIMEOUT', `${what}: nothing of what members say arrives for ${long}`);
  }
}
