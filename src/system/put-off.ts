/** Things that did not work and are tried again later: seldom, the longer they do not. */

import type { Clock } from '../clock.ts';

const firstMs = 250;
const longestMs = 60_000;

interface Wait {
  /** By the monotonic clock. */
  readonly untilMs: number;
  readonly lengthMs: number;
}

export class PutOff<Key> {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #waits = new Map<Key, Wait>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** When it may be tried, by the monotonic clock; 0 for at once. */
  dueMs(key: Key): number {
    return this.#waits.get(key)?.untilMs ?? 0;
  }

  isDue(key: Key): boolean {
    return this.dueMs(key) <= this.#clock.monotonic();
  }

  /** It did not work: the wait is twice as long as the one before, up to a minute. */
  failed(key: Key): void {
    const before = this.#waits.get(key);
    const lengthMs = before === undefined ? firstMs : Math.min(before.lengthMs * 2, longestMs);
    this.#waits.set(key, { untilMs: this.#clock.monotonic() + lengthMs, lengthMs });
  }

  /** It worked, or there is another thing to try: nothing is waited for. */
  forget(key: Key): void {
    this.#waits.delete(key);
  }
}
