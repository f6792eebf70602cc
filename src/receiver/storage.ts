/** Where outputs go: into the spool or, with `--broker`, into a stream that several sites can read. */

import type { OutputBroker } from '../broker/output-broker.ts';
import type { BrokerStatus } from '../broker/status-shape.ts';
import type { Clock } from '../clock.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import type { Metric } from '../metrics/metric.ts';
import type { HostName } from '../names/host-name.ts';
import type { NewOutput } from '../spool/record.ts';
import { Spool, type SpoolStatistics, type SpoolSummary } from '../spool/spool.ts';
import type { Settings } from './options.ts';

/** How long the receiver stays unwell after the disk was full. */
const troubleMs = 60_000;

/** What a spool and a broker have in common. */
interface Place extends Pick<Spool, 'put' | 'statistics' | 'summaries' | 'close'> {
  has(host: HostName): boolean;
  readonly broker: OutputBroker | undefined;
}

export class Storage implements Pick<Spool, 'put'> {
  readonly #place: Place;
  readonly #clock: Clock;
  /** Hears what was stored. */
  #hear: (output: NewOutput) => void = () => undefined;
  #trouble: { readonly message: string; readonly sinceMs: number } | undefined;

  private constructor(place: Place, clock: Clock) {
    this.#place = place;
    this.#clock = clock;
  }

  /** @throws CourierError CONFIG or LOCAL; USAGE for options of the broker */
  static async open(settings: Settings, clock: Clock, log: Logger): Promise<Storage> {
    const { broker } = settings;
    const place =
      broker === undefined
        ? await openSpool(settings, clock, log)
        : await openBroker({ ...settings, broker }, clock, log);
    return new Storage(place, clock);
  }

  /** As a spool does; remembers when it could not: that is what /healthz tells. */
  async put(...what: Parameters<Spool['put']>): ReturnType<Spool['put']> {
    try {
      const newer = await this.#place.put(...what);
      this.#trouble = undefined;
      if (newer === undefined) this.#tell(what[0]);
      return newer;
    } catch (error) {
      const { message } = asCourierError(error, 'storing output');
      this.#trouble = { message, sinceMs: this.#clock.monotonic() };
      throw error;
    }
  }

  /** @param hear what is stored from now on, in the place of who heard it before; returns at once */
  watch(hear: (output: NewOutput) => void): void {
    this.#hear = hear;
  }

  #tell(output: NewOutput): void {
    try {
      this.#hear(output);
    } catch {
      // Who listens is a guest: output that is stored is stored.
    }
  }

  /** Whether there is output of a host, as far as is known here. */
  has(host: HostName): boolean {
    return this.#place.has(host);
  }

  /** Of what is on this machine. */
  get statistics(): SpoolStatistics {
    return this.#place.statistics;
  }

  /** In seconds; hosts that are gone are to be removed from the spool, or they show here. */
  get oldestAgeS(): number | undefined {
    const times = this.#place.summaries().map(({ receivedAt }) => receivedAt.getTime());
    if (times.length === 0) return undefined;
    const oldest = times.reduce((one, other) => Math.min(one, other));
    return Math.max(0, (this.#clock.now() - oldest) / 1000);
  }

  /** The newest output of each host that is on this machine. */
  summaries(): readonly SpoolSummary[] {
    return this.#place.summaries();
  }

  /** Why outputs cannot be taken now. */
  findTrouble(): string | undefined {
    const ofBroker = this.#place.broker?.findTrouble();
    if (ofBroker !== undefined || this.#trouble === undefined) return ofBroker;
    const { message, sinceMs } = this.#trouble;
    return this.#clock.monotonic() - sinceMs < troubleMs ? message : undefined;
  }

  /** What the broker does to us; undefined without one. */
  get broker(): BrokerStatus | undefined {
    return this.#place.broker?.toStatus();
  }

  /** What people should know though outputs are taken. */
  findNotice(): string | undefined {
    return this.#place.broker?.findNotice();
  }

  toMetrics(): readonly Metric[] {
    return this.#place.broker?.toMetrics() ?? [];
  }

  /** Never rejects. */
  close(): Promise<void> {
    return this.#place.close();
  }
}

async function openSpool(
  { spool: directory, spoolSize: maxBytes, spoolHosts: maxHosts }: Settings,
  clock: Clock,
  log: Logger,
): Promise<Place> {
  const spool = await Spool.open({ directory, maxBytes, maxHosts, log, clock });
  return {
    put: (...what) => spool.put(...what),
    has: (host) => spool.newest(host) !== undefined,
    get statistics() {
      return spool.statistics;
    },
    summaries: () => spool.summaries(),
    broker: undefined,
    close: () => spool.close(),
  };
}

async function openBroker(
  settings: Settings & { readonly broker: NonNullable<Settings['broker']> },
  clock: Clock,
  log: Logger,
): Promise<Place> {
  const { OutputBroker } = await import('../broker/output-broker.ts');
  const { spoolSize: maxBytes, spoolHosts: maxHosts, maxSkew: maxSkewMs } = settings;
  const context = { clock, log, env: settings.env };
  const broker = await OutputBroker.open({ ...settings, maxBytes, maxHosts, maxSkewMs }, context);
  return {
    put: (output) => broker.put(output),
    has: (host) => broker.knows(host),
    get statistics() {
      return broker.statistics;
    },
    summaries: () => broker.waitingSummaries(),
    broker,
    close: () => broker.close(),
  };
}
