/** What a writer knows to be in the spool, and how much more may come: no output is kept here. */

import { CourierError } from '../faults/errors.ts';
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

  /** Of all files, with those that are being written. */
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
      throw new CourierError('LOCAL', `${directory} is full: it may hold ${maxHosts} hosts`);
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
    const files = [file, ...(this.#kept.get(host) ?? [])];
    this.#kept.set(
      host,
      files.sort((a, b) => b.version - a.version),
    );
    this.#bytes += file.fileBytes;
  }

  /**
   * Forgets the files of a host that are older than what is kept, and says which.
   *
   * @param isSuperseded whether output has come since, so that what is from the future goes with
   * them; before, it may be our clock that is wrong
   */
  takeSuperseded(host: HostName, present: Present, isSuperseded: boolean): readonly Kept[] {
    const files = this.#kept.get(host) ?? [];
    const [counting, future] = [true, false].map((counts) =>
      files.filter(({ summary }) => present.has(summary) === counts).slice(0, keptPerHost),
    );
    const kept = [...(isSuperseded ? [] : (future ?? [])), ...(counting ?? [])];
    const superseded = files.filter((file) => !kept.includes(file));
    if (superseded.length > 0) this.#kept.set(host, kept);
    for (const { fileBytes } of superseded) this.#bytes -= fileBytes;
    return superseded;
  }

  /** Forgets a host. */
  drop(host: HostName): void {
    for (const { fileBytes } of this.#kept.get(host) ?? []) this.#bytes -= fileBytes;
    this.#kept.delete(host);
  }
}
