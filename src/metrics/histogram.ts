/** Counts durations by how long they were. */

import type { Distribution } from './metric.ts';

/** Upper bounds in seconds, for anything between a write to disk and a host that hangs. */
const bounds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60,
] as const;

export class Histogram {
  readonly #buckets: { readonly bound: number; count: number }[];
  #sum = 0;
  #count = 0;

  /** @param mostSeconds the largest bound that is told */
  constructor(mostSeconds: number) {
    const told = bounds.filter((bound) => bound <= mostSeconds);
    this.#buckets = told.map((bound) => ({ bound, count: 0 }));
  }

  /** @param seconds how long it took */
  add(seconds: number): void {
    this.#sum += seconds;
    this.#count += 1;
    for (const bucket of this.#buckets) if (seconds <= bucket.bound) bucket.count += 1;
  }

  toMetric(name: string, help: string): Distribution {
    return {
      name,
      type: 'histogram',
      help,
      buckets: this.#buckets.map((bucket) => ({ ...bucket })),
      sum: this.#sum,
      count: this.#count,
    };
  }
}
