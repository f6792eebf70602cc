/** Long work in small pieces, between which fetches have their turn. */

import { setImmediate as afterOthers } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';

/** The longest piece; what runs beside it waits no longer than this. */
const sliceMs = 4;
/** How many steps are taken before the clock is asked again. */
const stepsBetween = 256;

export class Slices {
  readonly #clock: Clock;
  #startedMs: number;
  #steps = 0;
  /** The longest piece so far. */
  longestMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.monotonic();
  }

  /** Whether it is time to let others have their turn; cheap enough for each step of a loop. */
  isOver(): boolean {
    this.#steps += 1;
    if (this.#steps % stepsBetween !== 0) return false;
    return this.#clock.monotonic() - this.#startedMs >= sliceMs;
  }

  /** Resolves when others have had their turn. */
  async rest(): Promise<void> {
    const tookMs = this.#clock.monotonic() - this.#startedMs;
    this.longestMs = Math.max(this.longestMs, tookMs);
    await afterOthers();
    this.#startedMs = this.#clock.monotonic();
  }
}
