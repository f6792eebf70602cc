/**
 * What is still to be sent: of each host the newest output, and a fault that came after it. Outputs
 * lie in a spool of their own until the receiver has them, so that a kill loses none.
 */

import type { Clock } from '../clock.ts';
import type { FaultyCycle, GoodCycle } from '../collector/outlets.ts';
import { cleanText } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import { News } from '../logging/news.ts';
import type { HostName } from '../names/host-name.ts';
import type { RelayEntry, RelayedFault, RelayedOutput } from '../relay/message.ts';
import { readSpooled } from '../spool/reading.ts';
import type { Spool } from '../spool/spool.ts';
import { PutOff } from '../system/put-off.ts';

/** An output that waits; its bytes are in memory, or in the spool alone. */
interface WaitingOutput {
  readonly about: Omit<RelayedOutput, 'output' | 'kind'>;
  bytes: Buffer | undefined;
}

interface WaitingFault {
  readonly about: Omit<RelayedFault, 'ageMs' | 'kind'>;
  /** By the monotonic clock. */
  readonly atMs: number;
}

interface WaitingHost {
  output?: WaitingOutput | undefined;
  fault?: WaitingFault | undefined;
  /** Not before, by the monotonic clock. */
  notBeforeMs: number;
}

/** What the spool holds. */
interface Kept {
  readonly about: Pick<RelayedOutput, 'producedAtMs' | 'source'>;
  readonly output: Buffer;
}

/** Something on its way, and what is waiting there for that. */
export interface Sent {
  readonly host: HostName;
  readonly entry: RelayEntry;
  readonly what: WaitingOutput | WaitingFault;
}

interface Settings {
  readonly spool: Spool;
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Of one message. */
export interface Bounds {
  readonly hosts: number;
  readonly bytes: number;
}

export interface Chosen {
  readonly sent: readonly Sent[];
  /** Whether more waited than the bounds let in. */
  readonly leavesSome: boolean;
}

/** Outputs beyond this are read from the spool when their turn comes. */
const mostBytes = 64 * 1024 * 1024;
/** The age of output was judged by the collector; any time it states is kept. */
const anySkewMs = 8.64e15;

export class WaitingHosts {
  readonly #settings: Settings;
  readonly #hosts = new Map<HostName, WaitingHost>();
  readonly #news = new News();
  readonly #hostNews = new News();
  /** Outputs that the disk does not let us read; they hold up nothing else. */
  readonly #unreadable: PutOff<WaitingOutput>;
  #bytes = 0;

  /** @param settings with a spool that nobody else writes to */
  constructor(settings: Settings) {
    this.#settings = settings;
    this.#unreadable = new PutOff(settings.clock);
    for (const { host, producedAt, origin } of settings.spool.summaries()) {
      const about = { host, producedAtMs: producedAt.getTime(), source: origin };
      this.#of(host).output = { about, bytes: undefined };
    }
  }

  get size(): number {
    return this.#hosts.size;
  }

  /** Whether anything of the host waits or is on its way. */
  has(host: HostName): boolean {
    return this.#hosts.has(host);
  }

  /** The bytes are copied before this returns. */
  putOutput({ parts, ...end }: GoodCycle): void {
    const { host, producedAt, everyMs, maxAgeMs } = end;
    const source = cleanText(end.source);
    const bytes = Buffer.concat(parts);
    const about = { host, producedAtMs: producedAt.getTime(), source, everyMs, maxAgeMs };
    const waiting = this.#of(host);
    this.#forget(waiting.output);
    const output = { about, bytes };
    this.#bytes += bytes.length;
    waiting.output = output;
    waiting.fault = undefined;
    void this.#spoolIt(host, output, bytes);
  }

  putFault({ host, code, line, everyMs, maxAgeMs, nextMs }: FaultyCycle): void {
    const about = { host, code, line: bare(line, code), everyMs, maxAgeMs, validMs: nextMs };
    this.#of(host).fault = { about, atMs: this.#settings.clock.monotonic() };
  }

  /** Nothing more is sent for it. */
  drop(host: HostName): void {
    const waiting = this.#hosts.get(host);
    if (waiting === undefined) return;
    this.#forget(waiting.output);
    this.#hosts.delete(host);
    void this.#remove(host);
  }

  /** In how many milliseconds there is something to send; undefined when nothing waits. */
  get waitMs(): number | undefined {
    if (this.#hosts.size === 0) return undefined;
    let earliest = Number.POSITIVE_INFINITY;
    for (const waiting of this.#hosts.values()) {
      earliest = Math.min(earliest, this.#dueMs(waiting));
    }
    return Math.max(0, earliest - this.#settings.clock.monotonic());
  }

  #dueMs({ notBeforeMs, output, fault }: WaitingHost): number {
    if (output === undefined || fault !== undefined) return notBeforeMs;
    return Math.max(notBeforeMs, this.#unreadable.dueMs(output));
  }

  /** What is to be sent next, those that have waited longest first. */
  async choose({ hosts, bytes }: Bounds): Promise<Chosen> {
    const nowMs = this.#settings.clock.monotonic();
    const chosen: Sent[] = [];
    let total = 0;
    for (const [host, waiting] of this.#hosts) {
      if (chosen.length >= hosts || total >= bytes) return { sent: chosen, leavesSome: true };
      if (waiting.notBeforeMs > nowMs) continue;
      const { output, fault } = waiting;
      const read = output && (await this.#read(host, output));
      if (read !== undefined) {
        const isTooMuch = chosen.length > 0 && total + read.entry.output.length > bytes;
        if (isTooMuch) return { sent: chosen, leavesSome: true };
        total += read.entry.output.length;
        chosen.push(read);
      }
      if (fault !== undefined && waiting.fault === fault) {
        const ageMs = Math.max(0, nowMs - fault.atMs);
        chosen.push({ host, entry: { kind: 'fault', ...fault.about, ageMs }, what: fault });
      }
    }
    return { sent: chosen, leavesSome: false };
  }

  /** The receiver has it, or will never take it. */
  done({ host, what }: Pick<Sent, 'host' | 'what'>): void {
    const waiting = this.#hosts.get(host);
    if (waiting === undefined) return;
    if (waiting.output === what) {
      this.#forget(waiting.output);
      waiting.output = undefined;
      void this.#remove(host);
    }
    if (waiting.fault === what) waiting.fault = undefined;
    if (waiting.output === undefined && waiting.fault === undefined) this.#hosts.delete(host);
  }

  /** It is to come again, not before. */
  later({ host }: Pick<Sent, 'host'>, waitMs: number): void {
    const waiting = this.#hosts.get(host);
    if (waiting === undefined) return;
    waiting.notBeforeMs = this.#settings.clock.monotonic() + waitMs;
    // Behind all others.
    this.#hosts.delete(host);
    this.#hosts.set(host, waiting);
  }

  #of(host: HostName): WaitingHost {
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    const waiting = { notBeforeMs: 0 };
    this.#hosts.set(host, waiting);
    return waiting;
  }

  #forget(output: WaitingOutput | undefined): void {
    this.#bytes -= output?.bytes?.length ?? 0;
    if (output === undefined) return;
    output.bytes = undefined;
    this.#unreadable.forget(output);
  }

  async #read(
    host: HostName,
    output: WaitingOutput,
  ): Promise<(Sent & { readonly entry: RelayedOutput }) | undefined> {
    if (!this.#unreadable.isDue(output)) return undefined;
    const { about, bytes } = output;
    const kept = bytes === undefined ? await this.#readKept(host) : { about, output: bytes };
    if (kept === 'unreadable') {
      // What came meanwhile is not it.
      if (this.#hosts.get(host)?.output === output) this.#unreadable.failed(output);
      return undefined;
    }
    if (kept === 'none') {
      this.done({ host, what: output });
      return undefined;
    }
    const entry = { kind: 'output', ...about, ...kept.about, output: kept.output } as const;
    return { host, entry, what: output };
  }

  /** The newest that is whole: where the last one is torn, the one before it. */
  async #readKept(host: HostName): Promise<Kept | 'none' | 'unreadable'> {
    const { directory, clock, log } = this.#settings;
    try {
      const kept = await readSpooled(directory, host, { log, clock, maxSkewMs: anySkewMs });
      this.#hostNews.isNew(host, '');
      if (kept === undefined) return 'none';
      const { output, producedAt, origin } = kept;
      return { about: { producedAtMs: producedAt.getTime(), source: origin }, output };
    } catch (thrown) {
      const { code, message } = asCourierError(thrown, 'reading what waits');
      if (this.#hostNews.isNew(host, `${code} ${message}`)) {
        log.warn({ host, code }, `${message}; it goes on waiting`);
      }
      return 'unreadable';
    }
  }

  async #spoolIt(host: HostName, waiting: WaitingOutput, output: Buffer): Promise<void> {
    const { producedAtMs, source: origin } = waiting.about;
    const [producedAt, receivedAt] = [new Date(producedAtMs), new Date(this.#settings.clock.now())];
    try {
      const kept = { host, output, producedAt, receivedAt, origin };
      const newer = await this.#settings.spool.put(kept, anySkewMs);
      this.#news.isNew('spool', '');
      const isThere = newer === undefined && this.#hosts.get(host)?.output === waiting;
      if (isThere && this.#bytes > mostBytes) this.#forget(waiting);
      // It was sent while it was written.
      if (this.#hosts.get(host)?.output === undefined) await this.#remove(host);
    } catch (thrown) {
      this.#tell(thrown);
      // Without the disk, memory has to stay bounded.
      if (this.#bytes > mostBytes) this.done({ host, what: waiting });
    }
  }

  async #remove(host: HostName): Promise<void> {
    await this.#settings.spool.remove(host).catch((thrown: unknown) => this.#tell(thrown));
  }

  #tell(thrown: unknown): void {
    const { code, message } = asCourierError(thrown, 'keeping what waits');
    if (code === 'INTERNAL' || !this.#news.isNew('spool', code)) return;
    this.#settings.log.warn({ code }, `${message}; what waits is in memory alone`);
  }
}

/** The line without what every line has around it. */
function bare(line: string, code: string): string {
  return line.replace(/^cmk-courier: /, '').replace(` (${code})`, '');
}
