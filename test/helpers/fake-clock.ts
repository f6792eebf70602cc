/** A clock that stands still until the test moves it. */

import type { Clock } from '../../src/clock.ts';

interface Sleeper {
  /** By the monotonic time, as timers are. */
  readonly wakeAt: number;
  wake(): void;
}

export class FakeClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  #now: number;
  #monotonic = 0;

  /** @param now milliseconds since the epoch */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  /** How many sleeps have not ended. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  now(): number {
    return this.#now;
  }

  /** How far it was moved forwards in all. */
  monotonic(): number {
    return this.#monotonic;
  }

  /** Sets the time, forwards or backwards, and ends the sleeps that are over by then. */
  set(now: number): void {
    this.#monotonic += Math.max(0, now - this.#now);
    this.#now = now;
    const due = [...this.#sleepers].filter((sleeper) => sleeper.wakeAt <= this.#monotonic);
    for (const sleeper of due.sort((a, b) => a.wakeAt - b.wakeAt)) sleeper.wake();
  }

  advance(byMs: number): void {
    this.set(this.#now + byMs);
  }

  /** Somebody sets the time of day; no time passes. */
  step(byMs: number): void {
    this.#now += byMs;
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const settle = (end: () => void) => {
        this.#sleepers.delete(sleeper);
        signal.removeEventListener('abort', abort);
        end();
      };
      const abort = () => settle(() => reject(signal.reason));
      const sleeper = { wakeAt: this.#monotonic + delayMs, wake: () => settle(resolve) };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', abort);
    });
  }
}
