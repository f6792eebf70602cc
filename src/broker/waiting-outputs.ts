/** Outputs that wait on disk for the broker: the newest of each host, also after a restart. */

import type { Clock } from '../clock.ts';
import type { Logger } from '../logging/log.ts';
import type { HostName } from '../names/host-name.ts';
import type { Produced } from '../spool/newest.ts';
import { readSpooled } from '../spool/reading.ts';
import type { NewOutput, SpooledOutput } from '../spool/record.ts';
import { Spool, type SpoolStatistics, type SpoolSummary } from '../spool/spool.ts';

export interface WaitingSettings {
  readonly directory: string;
  readonly maxBytes: number;
  readonly maxHosts: number;
  readonly maxSkewMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is to be sent of a host. */
export interface LookedAt {
  /** The newest that can be read. */
  readonly output: SpooledOutput | undefined;
  /** The newest there was by what is known of the files; where it is newer than `output`, it is torn. */
  readonly newest: SpoolSummary | undefined;
}

export class WaitingOutputs {
  readonly #settings: WaitingSettings;
  readonly #spool: Spool;
  /** Puts of each host that have not ended. */
  readonly #putting = new Map<HostName, number>();

  private constructor(settings: WaitingSettings, spool: Spool) {
    this.#settings = settings;
    this.#spool = spool;
  }

  /** @throws CourierError LOCAL or CONFIG, as for a spool */
  static async open(settings: WaitingSettings): Promise<WaitingOutputs> {
    return new WaitingOutputs(settings, await Spool.open(settings));
  }

  get count(): number {
    return this.#spool.statistics.hosts;
  }

  get statistics(): SpoolStatistics {
    return this.#spool.statistics;
  }

  summaries(): readonly SpoolSummary[] {
    return this.#spool.summaries();
  }

  has(host: HostName): boolean {
    return this.#spool.newest(host, this.#settings.maxSkewMs) !== undefined;
  }

  /** Hosts whose output waits, the one that has waited longest first. */
  hosts(): readonly HostName[] {
    const summaries = [...this.#spool.summaries(this.#settings.maxSkewMs)];
    summaries.sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime());
    return summaries.map(({ host }) => host);
  }

  /** How long the output that came first has waited; undefined when none waits. */
  get longestMs(): number | undefined {
    const times = this.#spool.summaries().map(({ receivedAt }) => receivedAt.getTime());
    if (times.length === 0) return undefined;
    return Math.max(0, this.#settings.clock.now() - times.reduce((a, b) => Math.min(a, b)));
  }

  /**
   * Resolves when the output would survive a power cut.
   *
   * @returns what waits already and is newer: then this one is not kept
   * @throws CourierError LOCAL, STALE, as for a spool
   */
  async put(output: NewOutput): Promise<Produced | undefined> {
    const { host } = output;
    this.#putting.set(host, (this.#putting.get(host) ?? 0) + 1);
    try {
      return await this.#spool.put(output, this.#settings.maxSkewMs);
    } finally {
      const left = (this.#putting.get(host) ?? 1) - 1;
      if (left === 0) this.#putting.delete(host);
      else this.#putting.set(host, left);
    }
  }

  /** @throws CourierError LOCAL when it cannot be read */
  async lookAt(host: HostName): Promise<LookedAt> {
    const { directory, log, clock, maxSkewMs } = this.#settings;
    const newest = this.#spool.newest(host, maxSkewMs);
    return { output: await readSpooled(directory, host, { log, clock, maxSkewMs }), newest };
  }

  /**
   * Forgets what waits of a host, unless something newer has come since it was looked at. What is
   * torn goes as well: it would be in the way for ever.
   *
   * @returns whether nothing waits any more
   * @throws CourierError LOCAL
   */
  async remove(host: HostName, { output, newest: before }: LookedAt): Promise<boolean> {
    if (this.#putting.has(host)) return false;
    const newest = this.#spool.newest(host, this.#settings.maxSkewMs);
    if (newest !== before && isNewer(newest, output)) return false;
    await this.#spool.remove(host, latest(output, before));
    return true;
  }

  /** Ends what runs; never rejects. */
  close(): Promise<void> {
    return this.#spool.close();
  }
}

function latest(...outputs: readonly (Produced | undefined)[]): Date | undefined {
  const times = outputs.flatMap((output) => output?.producedAt.getTime() ?? []);
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}

/** Another process may have put what was sent: then it is newer than all that this one has. */
function isNewer(newest: SpoolSummary | undefined, sent: SpooledOutput | undefined): boolean {
  if (newest === undefined || sent === undefined) return false;
  const [here, there] = [newest.producedAt.getTime(), sent.producedAt.getTime()];
  return here > there || (here === there && +newest.receivedAt !== +sent.receivedAt);
}
