/** What a writer knows to be in the spool, and how much more may come: no output is kept here. */

import { CourierError } from '../faults/errors.ts';
import { counted } from '../names/counted.ts';
import type { HostName } from '../names/host-name.ts';
import { keptPerHost } from './names.ts';
import type { Present } from './newest.ts';

/** Output that waits in the spool. */
export interface SpoolSummary {
  readonly host: HostName;
  /** Of the output. */
  readonly bytes: number;
  readonly producedAt: Date;
  readonly receivedAt: Date;
  readonly origin: string;
}

/** A file of the spool. */
export interface Kept {
  readonly summary: SpoolSummary;
  readonly name: string;
  /** Sorts the outputs of a host by age. */
  readonly version: number;
  /** Of the file: output and header. */
  readonly fileBytes: number;
}

interface Bounds {
  readonly directory: string;
  readonly maxBytes: number;
  readonly maxHosts: number;
}

export class Holdings {
  readonly #bounds: Bounds;
  /** Newest first, behind what is from the future. */
  readonly #kept = new Map<HostName, readonly Kept[]>();
  readonly #arriving = new Set<HostName>();
  #bytes = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get hosts(): number {
    return this.#kept.size;
  }

  /** The size of all files, including those that are being written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Hosts that have any file, one from the future included. */
  names(): readonly HostName[] {
    return [...this.#kept.keys()];
  }

  newest(host: HostName, present: Present): Kept | undefined {
    return this.#kept.get(host)?.find(({ summary }) => present.has(summary));
  }

  summaries(present: Present): readonly SpoolSummary[] {
    return this.names().flatMap((host) => this.newest(host, present)?.summary ?? []);
  }

  /**
   * Makes sure that a file of a host has its place; {@link release} gives it back.
   *
   * @throws CourierError LOCAL when the spool is full
   */
  reserve(host: HostName, fileBytes: number): void {
    const { directory, maxBytes, maxHosts } = this.#bounds;
    const isNew = !this.#kept.has(host);
    if (isNew && this.hosts + this.#arriving.size >= maxHosts) {
      throw new CourierError(
        'LOCAL',
        `${directory} is full: it may hold ${counted(maxHosts, 'host')}`,
      );
    }
    const [superseded] = this.#kept.get(host)?.slice(keptPerHost - 1) ?? [];
    if (this.#bytes + fileBytes - (superseded?.fileBytes ?? 0) > maxBytes) {
      throw new CourierError('LOCAL', `${directory} is full: it may hold ${maxBytes} bytes`);
    }
    if (isNew) this.#arriving.add(host);
    this.#bytes += fileBytes;
  }

  release(host: HostName, fileBytes: number): void {
    this.#arriving.delete(host);
    this.#bytes -= fileBytes;
  }

  add(file: Kept): void {
    const { host } = file.summary;
    this.#kept.set(host, sortByAge([file, ...(this.#kept.get(host) ?? [])]));
    this.#bytes += file.fileBytes;
  }

  /**
   * The files of a host that are older than what is kept.
   *
   * @param arriving what is about to come: what is from the future goes with it; before, it may be
   * our clock that is wrong
   */
  findSuperseded(host: HostName, present: Present, arriving?: Kept): readonly Kept[] {
    const there = this.#kept.get(host) ?? [];
    const files = arriving === undefined ? there : sortByAge([arriving, ...there]);
    const [counting, future] = [true, false].map((counts) =>
      files.filter(({ summary }) => present.has(summary) === counts).slice(0, keptPerHost),
    );
    const kept = [...(arriving === undefined ? (future ?? []) : []), ...(counting ?? [])];
    return there.filter((file) => !kept.includes(file));
  }

  /** Forgets some files of a host. */
  forget(host: HostName, files: readonly Kept[]): void {
    const left = this.#kept.get(host)?.filter((file) => !files.includes(file)) ?? [];
    if (files.length > 0) this.#kept.set(host, left);
    for (const { fileBytes } of files) this.#bytes -= fileBytes;
  }

  /** Forgets a host. */
  drop(host: HostName): void {
    for (const { fileBytes } of this.#kept.get(host) ?? []) this.#bytes -= fileBytes;
    this.#kept.delete(host);
  }
}

/** Newest first. */
function sortByAge(files: readonly Kept[]): readonly Kept[] {
  return files.toSorted((a, b) => b.version - a.version);
}
