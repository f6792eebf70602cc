/** Tells the others when hosts that we ask are due: some records travel together. */

import { longestBackoffMs } from '../backoff.ts';
import type { PoolHost, PoolSettings, PoolWay } from './contract.ts';
import { type DueRecord, mostRecords, packRecords } from './due-records.ts';

/** Twelve bytes for each host: not told more often than this, however often somebody asks. */
const tellAllMs = 1000;

/** Nobody plans a host for later: twice the interval, or the longest backoff with its spread. */
export function longestDueMs({ routed }: PoolHost): number {
  return Math.max(2 * routed.everyMs, 1.1 * longestBackoffMs);
}

export class DueTelling {
  readonly #settings: PoolSettings;
  #way: PoolWay | undefined;
  #records: DueRecord[] = [];
  #tellAtMs = 0;
  #isToTellAll = false;
  #toldAllMs = Number.NEGATIVE_INFINITY;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  /** The others, where they can be reached. What was to be told by a way that is lost is not new any more. */
  set way(way: PoolWay | undefined) {
    this.#way = way;
    this.forget();
  }

  note(record: DueRecord): void {
    if (this.#way === undefined) return;
    this.#records.push(record);
    if (this.#records.length >= mostRecords) this.tell();
  }

  /** Somebody wants to know of all of our hosts, or is to. */
  wantAll(): void {
    this.#isToTellAll = true;
  }

  /** @returns whether all are to be noted now, for all who have asked meanwhile */
  takeAll(): boolean {
    const { clock } = this.#settings;
    const nowMs = clock.monotonic();
    if (!this.#isToTellAll || nowMs < this.#toldAllMs + tellAllMs) return false;
    [this.#isToTellAll, this.#toldAllMs] = [false, nowMs];
    return true;
  }

  /** Called several times a second. */
  look(nowMs: number): void {
    if (nowMs >= this.#tellAtMs) this.tell();
  }

  tell(): void {
    const { clock, times } = this.#settings;
    this.#tellAtMs = clock.monotonic() + times.tellMs;
    if (this.#records.length > 0) this.#way?.tell(packRecords(this.#records));
    this.#records = [];
  }

  forget(): void {
    this.#records = [];
  }
}
