/** Pauses between attempts that grow, for those who try again for as long as they run. */

import type { Clock } from '../clock.ts';
import { chance } from './chance.ts';

interface PauseLengths {
  /** In milliseconds, as the longest one. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** By which part of it a pause may be longer or shorter, so that not all come at once. */
  readonly spread: number;
}

/** One client asks so seldom that nobody minds, and nobody waits for long for what is back. */
const usualLengths: PauseLengths = { firstMs: 500, longestMs: 5000, spread: 0.25 };

/** Each is twice as long as the one before; after a success they begin anew. */
export class GrowingPause {
  readonly #clock: Clock;
  readonly #lengths: PauseLengths;
  #nextMs: number;

  constructor(clock: Clock, lengths = usualLengths) {
    this.#clock = clock;
    this.#lengths = lengths;
    this.#nextMs = lengths.firstMs;
  }

  /** Waits; the next one is twice as long. Resolves at once when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const { longestMs, spread } = this.#lengths;
    const delayMs = this.#nextMs * (1 + spread * (2 * chance() - 1));
    this.#nextMs = Math.min(this.#nextMs * 2, longestMs);
    await this.#clock.sleep(delayMs, signal).catch(() => undefined);
  }

  /** Something has succeeded. */
  reset(): void {
    this.#nextMs = this.#lengths.firstMs;
  }
}
