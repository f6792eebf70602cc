/** Another program that calls itself as we do: both ask the same hosts, and both say so. */

import type { PoolSettings } from './contract.ts';
import type { Beat } from './membership.ts';

export class Namesake {
  readonly #settings: PoolSettings;
  /** When it was heard last. */
  #heardMs = Number.NEGATIVE_INFINITY;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  heard({ state }: Beat, nowMs: number): void {
    const { member, log } = this.#settings;
    if (!this.isThere(nowMs) && state !== 'leaving') {
      log.warn({ member }, 'another collector of the pool has our name; give one --pool-member');
    }
    this.#heardMs = state === 'leaving' ? Number.NEGATIVE_INFINITY : nowMs;
  }

  isThere(nowMs: number): boolean {
    return nowMs - this.#heardMs <= this.#settings.times.silenceMs;
  }
}
