/** The receiver: everything put together, started, reloaded, drained. */

import { findReadableKeys } from '../certs/key-modes.ts';
import type { Clock } from '../clock.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import type { Metric } from '../metrics/metric.ts';
import { MetricsServer } from '../metrics/metrics-server.ts';
import type { HostName } from '../names/host-name.ts';
import { SealBook } from '../sealing/seal-book.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { Credentials } from './credentials.ts';
import { type LoadUpdates, UpdateExtension } from './extension.ts';
import { Intake } from './intake.ts';
import { RateLimit } from './limits.ts';
import { Metrics, receiverPrefix } from './metrics.ts';
import type { Settings } from './options.ts';
import { RefusalMemory } from './refusal-memory.ts';
import { RelayDesk } from './relays/desk.ts';
import { toRelayMetrics } from './relays/metrics.ts';
import type { Services } from './services.ts';
import { Accesses } from './state/accesses.ts';
import { Hosts } from './state/hosts.ts';
import { LastRefusals } from './state/last-refusals.ts';
import { Reports } from './state/reports.ts';
import { Requests } from './state/requests.ts';
import { SealKeys } from './state/seal-keys.ts';
import { Storage } from './storage.ts';
import { Trust } from './trust.ts';
import { WebServer } from './web-server.ts';

/** Where it listens, by the ports in use. */
export interface Ports {
  readonly port: number;
  readonly plainPort: number | undefined;
  readonly updatesPort: number | undefined;
  readonly metricsPort: number | undefined;
}

const hourMs = 3_600_000;
const drainStepMs = 20;

/** Requests whose connection is gone need no longer to end. */
const cutOffMs = 1000;
/** The limit for one sender, which may hand in a key for each of many hosts. */
const sealKeysAMinute = 60;
/** The limit for one sender and host; a person or script that looks for a fault sends no more. */
const reportsAMinute = 10;

/** What start() has opened. */
interface Opened {
  readonly services: Services;
  readonly storage: Storage;
  readonly watch: CertificateWatch;
  readonly web: WebServer;
  readonly metricsServer: MetricsServer;
}

/** What there is to see of a receiver that runs. */
export interface ReceiverInsight {
  readonly services: Services;
  readonly storage: Storage;
  /** Why hosts cannot send, or soon cannot. */
  findTrouble(): string | undefined;
  toMetrics(): readonly Metric[];
}

export class Receiver {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #updates: UpdateExtension | undefined;
  readonly #metrics = new Metrics();
  #opened: Opened | undefined;
  readonly #ended = new AbortController();
  #stopped: Promise<void> | undefined;

  /** @param loadUpdates what answers about agent updates, loaded when a host asks */
  constructor(settings: Settings, clock: Clock, log: Logger, loadUpdates?: LoadUpdates) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#updates = loadUpdates && new UpdateExtension(loadUpdates);
  }

  /**
   * Resolves when hosts can send.
   *
   * @throws CourierError CONFIG or LOCAL; nothing is left open then
   */
  async start(): Promise<Ports> {
    const trust = await Trust.load(this.#settings.certificates, this.#clock);
    const storage = await Storage.open(this.#settings, this.#clock, this.#log);
    try {
      const services = await this.#makeServices(trust, storage);
      const web = new WebServer({ services, log: this.#log, metrics: this.#metrics });
      const watch = new CertificateWatch(trust, this.#clock, this.#log);
      const metricsServer = this.#makeMetricsServer({ services, storage, watch, web });
      this.#opened = { services, storage, watch, web, metricsServer };
      const ports = await this.#listen(this.#opened);
      watch.tell();
      await this.#tellReadableKeys();
      return ports;
    } catch (error) {
      this.#opened?.web.close();
      this.#opened?.metricsServer.close();
      await storage.close();
      throw asCourierError(error, 'starting');
    }
  }

  async #tellReadableKeys(): Promise<void> {
    for (const file of await findReadableKeys(this.#settings.certificates)) {
      this.#log.warn({ file }, 'everybody on this machine may read this private key; chmod 600 it');
    }
  }

  /** Reads certificates again; users, tokens and hosts are read whenever they change. */
  async reload(): Promise<void> {
    if (this.#opened === undefined) return;
    const { services, watch, web } = this.#opened;
    try {
      await services.trust.reload();
      web.renewCertificates();
      this.#log.info({}, 'certificates read again');
      watch.tell();
    } catch (error) {
      const { code, message } = asCourierError(error, 'reading the certificates again');
      this.#log.warn({ code }, `${message}; going on with those from before`);
    }
  }

  /** Nothing before the start. */
  get insight(): ReceiverInsight | undefined {
    return this.#opened && this.#look(this.#opened);
  }

  /** Outputs being received now, and the memory they take. */
  get load(): Intake['load'] {
    return this.#opened?.services.intake.load ?? { uploads: 0, bytes: 0 };
  }

  /** Open connections. */
  get connections(): number {
    return this.#opened?.web.connections.count ?? 0;
  }

  /** Why hosts cannot send now, such as a full disk; that is readiness and not liveness. */
  findTrouble(): string | undefined {
    if (this.#opened === undefined) return 'not started';
    if (this.#opened.web.isDraining) return 'about to end';
    return this.#opened.storage.findTrouble();
  }

  /** What people should know though hosts can send, such as a broker that is away. */
  findNotice(): string | undefined {
    return this.#opened?.storage.findNotice();
  }

  /** Takes nothing new, lets what runs finish for `--drain-timeout`, and closes. Never rejects. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#ended.abort();
    if (this.#opened === undefined) return;
    const { services, web, metricsServer, storage } = this.#opened;
    web.drain();
    await this.#letEnd(web, this.#settings.drainTimeout);
    if (web.running > 0) this.#log.warn({ requests: web.running }, 'requests were cut off');
    web.close();
    metricsServer.close();
    await this.#updates?.loaded?.close?.();
    // Those that were cut off end by themselves, and may leave a refusal.
    await this.#letEnd(web, cutOffMs);
    await services.refusals.settle();
    await storage.close();
  }

  /** Waits until no request runs, but no longer than it is told. */
  async #letEnd(web: { readonly running: number }, longestMs: number): Promise<void> {
    const giveUpAt = this.#clock.monotonic() + longestMs;
    while (web.running > 0 && this.#clock.monotonic() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, drainStepMs));
    }
  }

  async #makeServices(trust: Trust, storage: Storage): Promise<Services> {
    const { state: directory, failureRate, registrationRate, renewalRate } = this.#settings;
    const [settings, clock] = [this.#settings, this.#clock];
    const accesses = await Accesses.open(directory, this.#log);
    const requests = await Requests.open(directory, this.#log);
    const hosts = await Hosts.open(directory, this.#log);
    const reports = await Reports.open(directory, this.#log);
    const refused = await LastRefusals.open(directory, this.#log);
    const sealKeys = await SealKeys.open(directory, this.#log);
    await requests.prune(clock.now());
    const seals = new SealBook(settings.seals);
    const hasOutput = (host: HostName) => storage.has(host);
    const isKnown = async (host: HostName) =>
      hasOutput(host) || (await hosts.byName(host)) !== undefined;
    const refusals = new RefusalMemory({ records: refused, isKnown, clock, log: this.#log });
    return {
      settings,
      clock,
      trust,
      state: { accesses, requests, hosts, reports, refused, sealKeys },
      seals,
      sealPlaces: settings.seals,
      sealKeyRate: new RateLimit(sealKeysAMinute, clock),
      credentials: new Credentials(accesses, failureRate, clock),
      intake: new Intake({ settings, spool: storage, seals }, clock, this.#metrics),
      registrations: new RateLimit(registrationRate, clock),
      renewals: new RateLimit(renewalRate, clock),
      reports: new RateLimit(reportsAMinute, clock),
      hasOutput,
      countHosts: () => storage.statistics.hosts,
      refusals,
      relays: new RelayDesk({
        ...{ spool: settings.spool, maxHosts: settings.spoolHosts, clock },
        log: this.#log,
      }),
      updates: this.#updates,
    };
  }

  async #listen({ web, metricsServer, services, watch }: Opened): Promise<Ports> {
    const { plainPort, updatesPort } = await web.listen(this.#settings);
    const { metricsListen } = this.#settings;
    const metricsPort = metricsListen && (await metricsServer.listen(metricsListen));
    void this.#lookAfter(services, watch);
    const ports = { port: web.port, plainPort, updatesPort, metricsPort };
    this.#log.info(ports, 'hosts can send');
    return ports;
  }

  /** Resolves when the receiver ends. */
  async #lookAfter(services: Services, watch: CertificateWatch): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await this.#clock.sleep(hourMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      watch.tellDaily();
      await this.#tidy(services);
      await services.relays.prune(this.#opened?.storage.summaries() ?? []);
    }
  }

  async #tidy({ state, clock }: Services): Promise<void> {
    try {
      await state.requests.prune(clock.now());
      await state.reports.prune(clock.now());
      await state.refused.prune(clock.now());
    } catch (error) {
      const { code, message } = asCourierError(
        error,
        'forgetting old requests, reports and refusals',
      );
      this.#log.warn({ code }, message);
    }
  }

  #makeMetricsServer({
    services,
    storage,
    watch,
    web,
  }: Omit<Opened, 'metricsServer'>): MetricsServer {
    const seen = this.#look({ services, storage, watch, web });
    return new MetricsServer({ ...seen, prefix: receiverPrefix });
  }

  #look({ services, storage, watch, web }: Omit<Opened, 'metricsServer'>): ReceiverInsight {
    return {
      services,
      storage,
      // Not part of findTrouble(), which the watchdog sees: a restart would not renew a
      // certificate.
      findTrouble: () => this.findTrouble() ?? watch.findTrouble(),
      toMetrics: () => [
        ...this.#metrics.toMetrics({
          ...storage.statistics,
          oldestAgeS: storage.oldestAgeS,
          connections: web.connections.count,
          load: services.intake.load,
          certificateNotAfter: services.trust.notAfter,
        }),
        ...storage.toMetrics(),
        ...(services.updates?.loaded?.toMetrics() ?? []),
        ...toRelayMetrics(services.relays, this.#clock.now()),
      ],
    };
  }
}
