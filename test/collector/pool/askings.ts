/** Which host was asked when, counted by the source that is asked. */

/** What happened from one moment to another. */
export interface Counted {
  /** Hosts that were asked again before half of their interval was over. */
  readonly twice: number;
  /** The longest that a host was not asked. */
  readonly longestGapMs: number;
  /** Hosts that were once not asked for more than a tenth over their interval. */
  readonly late: number;
  /** Hosts that were not asked at all. */
  readonly never: number;
}

export class Askings {
  readonly #times = new Map<string, number[]>();
  readonly #everyMs: number;

  constructor(hosts: readonly string[], everyMs: number) {
    for (const host of hosts) this.#times.set(host, []);
    this.#everyMs = everyMs;
  }

  asked(host: string): void {
    this.#times.get(host)?.push(performance.now());
  }

  count(fromMs: number, toMs: number): Counted {
    let [twice, longestGapMs, late, never] = [0, 0, 0, 0];
    for (const times of this.#times.values()) {
      const before = times.findLast((atMs) => atMs < fromMs) ?? fromMs;
      const within = times.filter((atMs) => atMs >= fromMs && atMs <= toMs);
      if (within.length === 0) never += 1;
      const gaps = [...within, toMs].map((atMs, index) => atMs - (within[index - 1] ?? before));
      if (gaps.some((gapMs) => gapMs > 1.1 * this.#everyMs)) late += 1;
      longestGapMs = Math.max(longestGapMs, ...gaps);
      if (gaps.slice(0, -1).some((gapMs) => gapMs < this.#everyMs / 2)) twice += 1;
    }
    return { twice, longestGapMs: Math.round(longestGapMs), late, never };
  }
}
