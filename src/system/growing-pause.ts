/** Pauses between attempts that grow, for those who try again for as long as they run. */

import type { Clock } from '../clock.ts';
import { chance } from './chance.ts';

const firstMs = 500;
/** One client asks so seldom that nobody minds, and nobody waits for long for what is back. */
const longestMs = 5000;

/** After a success they begin with half a second again; each is spread, so that not all come at once. */
export class GrowingPause {
  readonly #clock: Clock;
  #nextMs = firstMs;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits; the next one is twice as long. Resolves at once when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const delayMs = this.#nextMs * (0.75 + chance() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, longestMs);
    await this.#clock.sleep(delayMs, signal).catch(() => undefined);
  }

  /** Something has succeeded. */
  reset(): void {
    this.#nextMs = firstMs;
  }
}
