/**
 * The resident fetcher: asks every host of the routes with an interval, keeps the newest output in
 * the spool, and lays ready what the site is to get. One process asks all hosts over connections
 * they share; a dead host costs the others nothing.
 */

import type { CommandContext } from '../cli/command.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Metric } from '../metrics/metric.ts';
import type { HostName } from '../names/host-name.ts';
import { chance } from '../system/chance.ts';
import { areFilesScarce, findRoom, type Room } from '../system/open-files.ts';
import { toAnswers } from './control-answers.ts';
import { runCycle } from './cycle.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Entry } from './entry.ts';
import { holdPlaces } from './held-places.ts';
import type { KnownHosts } from './known-hosts.ts';
import { fitInto, Lanes } from './lanes.ts';
import { CollectorMeasures, type Insight } from './measures.ts';
import { Outlets } from './outlets.ts';
import { PeerBreakers } from './peer-breaker.ts';
import { Population } from './population.ts';
import { toQuietLog } from './quiet-log.ts';
import { reportStatus } from './report-status.ts';
import { Roster } from './roster.ts';
import { goRounds, tickMs } from './rounds.ts';
import { RoutesInForce } from './routes-in-force.ts';
import type { CollectorSettings, Running } from './settings.ts';
import { SpoolRoom } from './spool-room.ts';
import type { CollectorStatus } from './status-shape.ts';
import { Subscriptions } from './subscriptions.ts';
import { TransportPool } from './transport-pool.ts';
import { Troubles } from './troubles.ts';
import { Upkeep } from './upkeep.ts';

/**
 * How many descriptors one fetch may take; a program with its pipes takes most, while it is being
 * started.
 */
const fetchFiles = 8;

export class Collector {
  readonly #settings: CollectorSettings;
  readonly #context: CommandContext;
  readonly #pool: TransportPool;
  readonly #breakers: PeerBreakers;
  readonly #roster = new Roster();
  readonly #lanes = new Lanes({ concurrency: 1, perPeer: 1 });
  readonly #dispatcher: Dispatcher;
  readonly #stopping = new AbortController();
  /** That of the fetches; its signal aborts when the program is ended, or in {@link stop}. */
  readonly #fetchContext: CommandContext;
  readonly #startedAt: Date;
  #running: Running | undefined;
  #room: Room | undefined;
  #loop: Promise<void> | undefined;
  readonly #troubles: Troubles;
  #lastTickMs = 0;
  readonly #measures = new CollectorMeasures();
  readonly #outlets: Outlets;
  readonly #subscriptions: Subscriptions;

  constructor(settings: CollectorSettings, context: CommandContext) {
    this.#settings = settings;
    this.#context = context;
    this.#startedAt = new Date(context.clock.now());
    const shutdown = AbortSignal.any([context.shutdown, this.#stopping.signal]);
    this.#fetchContext = { ...context, shutdown, log: toQuietLog(context.log) };
    this.#troubles = new Troubles(context.log);
    this.#pool = new TransportPool(context.clock, context.log);
    this.#breakers = new PeerBreakers(this.#pool.lend, context.clock);
    const ended = (entry: Entry) => this.#subscriptions.turnEnded(entry);
    const isOurs = (entry: Entry) => settings.pool?.mayAsk(entry) ?? true;
    this.#dispatcher = new Dispatcher(this.#lanes, (entry) => this.#runCycle(entry), ended, isOurs);
    this.#subscriptions = new Subscriptions({
      roster: this.#roster,
      lend: this.#breakers.lend,
      lendAnyway: this.#pool.lend,
      urge: (entry) => this.#dispatcher.urge(entry),
      ...{ isOurs, signal: shutdown, clock: context.clock, log: context.log },
    });
    const outlets = [this.#measures, this.#subscriptions, ...(settings.outlets ?? [])];
    this.#outlets = new Outlets(outlets, context.log);
  }

  /**
   * Resolves when hosts are being asked; nothing is left open when it rejects.
   *
   * @throws CourierError CONFIG about the routes; LOCAL when a directory cannot be used or another
   * collector is running
   */
  async start(): Promise<void> {
    const { routesPath, readyDirectory } = this.#settings;
    const { clock, log } = this.#context;
    const inForce = await this.#loadRoutes();
    const places = await holdPlaces(this.#settings, this.#context, toAnswers(this));
    let running: Running;
    try {
      this.#room = findRoom(fetchFiles);
      const { ready, socket } = places;
      const spoolRoom = new SpoolRoom(places.spool, this.#settings.maxSpoolHosts);
      const upkeep = new Upkeep({
        ...{ ready, spoolRoom, socket, clock },
        ...{ pool: this.#pool, troubles: this.#troubles, isThere: this.#roster.isThere },
      });
      const population = this.#populate(places.known, upkeep);
      running = { ...places, upkeep, population, inForce };
      this.#running = running;
      this.#enforce(running, inForce);
    } catch (error) {
      await this.stop();
      places.socket.close();
      await places.spool.close();
      throw error;
    }
    log.info({ routes: routesPath, ready: readyDirectory, hosts: this.#roster.size }, 'collecting');
    this.#loop = this.#run(running);
  }

  /** Takes a new routes file into force; one that is wrong changes nothing. Never rejects. */
  async reload(): Promise<void> {
    const { log } = this.#context;
    try {
      const inForce = await this.#loadRoutes();
      if (this.#running === undefined || this.#stopping.signal.aborted) return;
      this.#enforce(this.#running, inForce);
      log.info({ hosts: this.#roster.size }, 'routes reloaded');
    } catch (thrown) {
      // Cleared first, so that each reload tells its fault again.
      this.#troubles.note('routes', undefined);
      this.#troubles.note('routes', asCourierError(thrown, 'reloading routes'));
    }
  }

  /** Ends what runs; what is ready stays until it expires. May be called twice; never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort(new CourierError('INTERRUPTED', 'the collector ends'));
    await this.#loop;
    this.#running?.socket.close();
    await this.#subscriptions.end();
    await this.#pool.close();
    await this.#dispatcher.drain();
    await this.#running?.upkeep.tidied;
    await this.#running?.spool.close();
  }

  status(): CollectorStatus {
    const status = reportStatus(
      {
        startedAt: this.#startedAt,
        settings: this.#settings,
        reloadFault: this.#troubles.find('routes', 'hosts'),
        readyFault: this.#troubles.find('sweeping', 'laying'),
        running: this.#lanes.inside,
        cycles: this.#measures.cycles,
        entries: this.#ours,
      },
      this.#context.clock,
    );
    return { ...status, ...this.#outlets.toStatus() };
  }

  /** Whether it still looks after its hosts, for a watchdog. */
  get isWell(): boolean {
    return this.#context.clock.monotonic() - this.#lastTickMs < 50 * tickMs;
  }

  /** Why it cannot do its work; undefined when it can. */
  findTrouble(): string | undefined {
    return this.isWell ? this.#troubles.find() : 'hosts are not looked after';
  }

  /** Nothing before the start. */
  toMetrics(): readonly Metric[] {
    const { insight } = this;
    return insight === undefined
      ? []
      : [...this.#measures.tell(insight), ...this.#outlets.toMetrics()];
  }

  /** Undefined for a host that is not asked. */
  find(host: HostName): Entry | undefined {
    return this.#roster.get(host);
  }

  /**
   * Makes the next cycle of a host due now; one that runs is as good.
   *
   * @returns false for a host that is not asked, or not by us: {@link whyLeft}
   */
  fetchNow(host: HostName): boolean {
    const entry = this.#roster.get(host);
    if (entry === undefined || this.whyLeft(host) !== undefined) return false;
    if (!entry.isRunning) entry.planFor(this.#context.clock.monotonic());
    return true;
  }

  /** Why a host that we know is not asked by us, in words that name who does. */
  whyLeft(host: HostName): string | undefined {
    const entry = this.#roster.get(host);
    return entry && this.#settings.pool?.whyLeft(entry);
  }

  /** Hosts that we ask. */
  get #ours(): Iterable<Entry> {
    const entries = this.#roster.entries();
    return this.#settings.pool?.ours(entries) ?? entries;
  }

  /** What there is to see at the moment; nothing before the start. */
  get insight(): Insight | undefined {
    if (this.#running === undefined) return undefined;
    return {
      startedAt: this.#startedAt,
      entries: this.#ours,
      pool: this.#settings.pool,
      limits: this.#lanes.limits,
      running: this.#lanes.inside,
      openBreakers: this.#breakers.open,
      spool: this.#running.spool.statistics,
      outlets: this.#outlets,
      troubles: this.#troubles.lasting,
      nowMs: this.#context.clock.now(),
    };
  }

  #populate(known: KnownHosts, upkeep: Upkeep): Population {
    const [roster, outlets, troubles] = [this.#roster, this.#outlets, this.#troubles];
    const [{ clock }, changed] = [this.#context, () => this.#subscriptions.refresh()];
    const shared = { clock, changed, pool: this.#settings.pool };
    return new Population({ roster, known, upkeep, outlets, troubles, ...shared });
  }

  #loadRoutes(): Promise<RoutesInForce> {
    const { routesPath, sealWay } = this.#settings;
    return RoutesInForce.load(routesPath, this.#context, this.#subscriptions.lend, sealWay);
  }

  #enforce(running: Running, inForce: RoutesInForce): void {
    const { concurrency, perPeer } = inForce.routes.collector;
    running.inForce = inForce;
    this.#lanes.limits = {
      concurrency: fitInto(this.#room, concurrency, this.#context.log),
      perPeer,
    };
    this.#troubles.note('routes', undefined);
    running.population.update(inForce.routes);
  }

  /** Runs until {@link stop}. */
  #run(running: Running): Promise<void> {
    const dispatch = (nowMs: number) => {
      this.#lastTickMs = nowMs;
      this.#settings.pool?.look();
      this.#subscriptions.leaveToOthers();
      this.#dispatcher.dispatch(this.#roster.entries(), nowMs);
    };
    const renew = () => {
      const { population, inForce } = running;
      if (population.hasNews(inForce.routes)) population.update(inForce.routes);
      // Idle connections are closed when descriptors for new ones run short.
      if (areFilesScarce()) this.#pool.tidy(0);
    };
    // Not awaited: a disk that hangs must not delay any host.
    const tidy = () => void running.upkeep.tidy();
    return goRounds({ dispatch, renew, tidy }, this.#context.clock, this.#stopping.signal);
  }

  async #runCycle(entry: Entry): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const { ready, spool, inForce } = running;
    this.#settings.pool?.started(entry);
    await runCycle(entry, {
      context: this.#fetchContext,
      log: this.#context.log,
      noteLaid: (fault) => this.#troubles.note('laying', fault),
      noteKept: (fault) => this.#troubles.note('keeping', fault),
      ready,
      spool,
      spoolDirectory: this.#settings.spoolDirectory,
      outlets: this.#outlets,
      chance,
      prepare: () => inForce.prepare(entry.route),
    });
    this.#settings.pool?.ended(entry);
    // A reload may have dropped the host while it was fetched.
    const { host } = entry.target;
    if (this.#roster.get(host) !== entry) running.upkeep.removeReady(host);
  }
}
