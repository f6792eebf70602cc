/** Figures of a service, minute by minute, for a day. */

import { DayRing } from './day-ring.ts';

export const minuteMs = 60_000;

/** More names than any service has: labels of others must not fill the memory. */
const mostSeries = 200;

/** Equally long steps, the oldest first; null where nothing was measured. */
export interface MinuteSeries {
  readonly startMs: number;
  readonly stepMs: number;
  readonly values: readonly (number | null)[];
}

/** What is kept of it on disk. */
export interface KeptSeries {
  readonly newest: number | undefined;
  /** NaN where nothing was measured. */
  readonly columns: ReadonlyMap<string, Float32Array>;
}

export class SeriesHistory {
  readonly #ring: DayRing;
  readonly #columns: Map<string, Float32Array>;

  constructor(kept?: KeptSeries) {
    this.#ring = new DayRing(minuteMs, kept?.newest);
    this.#columns = new Map(kept?.columns);
  }

  /** Once a minute; of several within one the last one stays. */
  note(values: Readonly<Record<string, number | undefined>>, nowMs: number): void {
    const place = this.#goTo(nowMs);
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue;
      const column = this.#columns.get(name) ?? this.#add(name);
      if (column !== undefined) column[place] = value;
    }
  }

  /** Without values for a name that nobody has noted. */
  series(name: string, nowMs: number): MinuteSeries {
    this.#goTo(nowMs);
    const column = this.#columns.get(name);
    const values = this.#ring.places.map((place) => {
      const value = column?.[place];
      return value === undefined || Number.isNaN(value) ? null : value;
    });
    return { startMs: this.#ring.startMs, stepMs: minuteMs, values };
  }

  /** Shares its memory with what goes on. */
  toKept(): KeptSeries {
    return { newest: this.#ring.newest, columns: this.#columns };
  }

  #goTo(nowMs: number): number {
    return this.#ring.goTo(nowMs, (place) => {
      for (const column of this.#columns.values()) column[place] = Number.NaN;
    });
  }

  #add(name: string): Float32Array | undefined {
    if (this.#columns.size >= mostSeries) return undefined;
    const column = new Float32Array(this.#ring.length).fill(Number.NaN);
    this.#columns.set(name, column);
    return column;
  }
}
