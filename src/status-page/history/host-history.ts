/**
 * How each host did during the last day: for each quarter of an hour the highest age of its output,
 * the longest cycle, and whether a cycle failed. Some 200 bytes a host, in columns of a step each, so
 * that a new step costs one fill.
 */

import { DayRing } from './day-ring.ts';
import { fromDurationByte, toDurationByte } from './duration-byte.ts';

export const hostStepMs = 15 * 60_000;

/** What one cycle showed. */
export interface CycleNote {
  /** When what it brought was produced; undefined when it brought nothing. */
  readonly producedAtMs: number | undefined;
  /** Undefined where nobody asks: the host pushes. */
  readonly durationMs: number | undefined;
}

/** Equally long steps, the oldest first; null where nothing was measured. */
export interface HostSeries {
  readonly startMs: number;
  readonly stepMs: number;
  /** Seconds: how old the newest good output was at most. */
  readonly ages: readonly (number | null)[];
  /** Seconds: how long a cycle took at most. */
  readonly durations: readonly (number | null)[];
  /** Whether a cycle failed. */
  readonly faulty: readonly boolean[];
}

/** Values of all hosts in one step, by the place of the host. */
export interface Column {
  ages: Uint8Array;
  durations: Uint8Array;
  /** One bit a host. */
  faulty: Uint8Array;
}

/** What is kept of it on disk. */
export interface KeptHosts {
  readonly newest: number | undefined;
  /** By place; empty names are places that are free. */
  readonly hosts: readonly string[];
  readonly columns: readonly Column[];
}

export class HostHistory {
  readonly #ring: DayRing;
  readonly #places = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #columns: readonly Column[];
  /** When the newest good output of each host was produced, by place; 0 before the first. */
  #producedAtMs: Float64Array;
  #used = 0;
  readonly #mostHosts: number;

  /** @param mostHosts of more no further ones are kept: whoever may send may invent names */
  constructor(kept?: KeptHosts, mostHosts = Number.POSITIVE_INFINITY) {
    this.#mostHosts = mostHosts;
    this.#ring = new DayRing(hostStepMs, kept?.newest);
    this.#columns = kept?.columns ?? Array.from({ length: this.#ring.length }, emptyColumn);
    this.#used = kept?.hosts.length ?? 0;
    for (const [place, host] of (kept?.hosts ?? []).entries()) {
      if (host === '') this.#free.push(place);
      else this.#places.set(host, place);
    }
    this.#producedAtMs = new Float64Array(this.#room);
    if (this.#used > this.#room) this.#makeRoom(this.#used);
    this.forgetEmpty();
  }

  /** Lets go of hosts of which the day knows nothing: those that went are not always told. */
  forgetEmpty(nowMs?: number): void {
    if (nowMs !== undefined) this.#columnAt(nowMs);
    for (const [host, place] of this.#places) {
      const isSeen = this.#columns.some(
        ({ ages, durations }) => (ages[place] ?? 0) + (durations[place] ?? 0) > 0,
      );
      if (!isSeen) this.forget(host);
    }
  }

  get size(): number {
    return this.#places.size;
  }

  note(host: string, { producedAtMs, durationMs }: CycleNote, nowMs: number): void {
    const column = this.#columnAt(nowMs);
    const place = this.#places.get(host) ?? this.#enter(host);
    if (place === undefined) return;
    const before = this.#producedAtMs[place] || producedAtMs;
    if (durationMs !== undefined) {
      raise(column.durations, place, toDurationByte(durationMs / 1000));
    }
    if (before !== undefined) {
      raise(column.ages, place, toDurationByte((nowMs - before) / 1000));
    }
    if (producedAtMs === undefined) setBit(column.faulty, place);
    else this.#producedAtMs[place] = producedAtMs;
  }

  /** There is output of a host that nobody asks, whenever it came. */
  see(host: string, producedAtMs: number, nowMs: number): void {
    const column = this.#columnAt(nowMs);
    const place = this.#places.get(host) ?? this.#enter(host);
    if (place === undefined) return;
    raise(column.ages, place, toDurationByte((nowMs - producedAtMs) / 1000));
    this.#producedAtMs[place] = producedAtMs;
  }

  /** Undefined for a host nothing is known of. */
  series(host: string, nowMs: number): HostSeries | undefined {
    this.#columnAt(nowMs);
    const place = this.#places.get(host);
    if (place === undefined) return undefined;
    const columns = this.#ring.places.flatMap((at) => this.#columns[at] ?? []);
    return {
      startMs: this.#ring.startMs,
      stepMs: hostStepMs,
      ages: columns.map(({ ages }) => fromDurationByte(ages[place] ?? 0)),
      durations: columns.map(({ durations }) => fromDurationByte(durations[place] ?? 0)),
      faulty: columns.map(({ faulty }) => hasBit(faulty, place)),
    };
  }

  forget(host: string): void {
    const place = this.#places.get(host);
    if (place === undefined) return;
    this.#places.delete(host);
    for (const column of this.#columns) wipe(column, place);
    this.#producedAtMs[place] = 0;
    this.#free.push(place);
  }

  /** Shares its memory with what goes on. */
  toKept(): KeptHosts {
    const hosts = Array.from({ length: this.#used }, () => '');
    for (const [host, place] of this.#places) hosts[place] = host;
    return { newest: this.#ring.newest, hosts, columns: this.#columns };
  }

  get #room(): number {
    return this.#columns[0]?.ages.length ?? 0;
  }

  #columnAt(nowMs: number): Column {
    const at = this.#ring.goTo(nowMs, (place) => clear(this.#columns[place]));
    return this.#columns[at] ?? emptyColumn();
  }

  #enter(host: string): number | undefined {
    if (this.size >= this.#mostHosts) return undefined;
    const place = this.#free.pop() ?? this.#used;
    if (place === this.#used) this.#used += 1;
    if (place >= this.#room) this.#makeRoom(place + 1);
    this.#places.set(host, place);
    return place;
  }

  /** A quarter more than is needed, so that a thousand new hosts do not copy it a thousand times. */
  #makeRoom(needed: number): void {
    const room = 8 * Math.ceil(Math.max(needed + 64, this.#room * 1.25) / 8);
    for (const column of this.#columns) {
      column.ages = grow(column.ages, room);
      column.durations = grow(column.durations, room);
      column.faulty = grow(column.faulty, room / 8);
    }
    const produced = new Float64Array(room);
    produced.set(this.#producedAtMs);
    this.#producedAtMs = produced;
  }
}

function emptyColumn(): Column {
  return { ages: new Uint8Array(), durations: new Uint8Array(), faulty: new Uint8Array() };
}

function grow(bytes: Uint8Array, length: number): Uint8Array {
  const grown = new Uint8Array(length);
  grown.set(bytes);
  return grown;
}

function clear(column: Column | undefined): void {
  for (const bytes of [column?.ages, column?.durations, column?.faulty]) bytes?.fill(0);
}

function wipe({ ages, durations, faulty }: Column, place: number): void {
  ages[place] = 0;
  durations[place] = 0;
  faulty[place >> 3] = (faulty[place >> 3] ?? 0) & ~(1 << (place & 7));
}

function raise(bytes: Uint8Array, place: number, value: number): void {
  if (value > (bytes[place] ?? 0)) bytes[place] = value;
}

function setBit(bits: Uint8Array, place: number): void {
  bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
}

function hasBit(bits: Uint8Array, place: number): boolean {
  return ((bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
}
