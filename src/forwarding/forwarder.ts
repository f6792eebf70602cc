/** Sends what the collector of a relay brings to the receiver of the site, as long as it takes. */

import type { Clock } from '../clock.ts';
import type { CycleEnd, Outlet } from '../collector/outlets.ts';
import type { ForwardingStatus } from '../collector/status-shape.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import type { Metric } from '../metrics/metric.ts';
import type { HostName } from '../names/host-name.ts';
import { type RelayMessage, type RelayNote, writeMessage } from '../relay/message.ts';
import type { Spool } from '../spool/spool.ts';
import { neverAborts } from '../system/never-aborts.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import { version } from '../version.ts';
import { toForwardingMetrics } from './metrics.ts';
import { isRejected, isTooLarge, type Receiver } from './receiver.ts';
import { reportForwarding } from './status.ts';
import { Verdicts } from './verdicts.ts';
import type { Bounds, Chosen, Sent, WaitingHosts } from './waiting.ts';
import type { Answered, Way } from './way.ts';

export interface ForwarderSettings {
  readonly way: Way;
  readonly waiting: WaitingHosts;
  readonly spool: Spool;
  readonly contactMs: number;
  /** Of one message; the usual ones when left out. */
  readonly perMessage?: Bounds | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number from 0 to 1. */
  chance(): number;
}

/** What comes within this time goes out in one message. */
const gatherMs = 200;
/** Between two messages while much waits: many relays may be back at once. */
const pauseMs = 50;
/** Some 680 hosts a second over a way of 50 ms, and no relay asks more (docs/performance.md#relay). */
const usualBounds: Bounds = { hosts: 128, bytes: 2 * 1024 * 1024 };
/** Half as much follows what takes longer: a line may be slow, and what is cut is sent again. */
const slowMs = 5000;
/** A host whose message is called wrong by a receiver waits so long, and holds up no other. */
const doubtfulMs = 60_000;
/** How long saying good-bye may take. */
const endMs = 3000;
/** The wait where no receiver says how long. */
const shortestMs = 20;

export class Forwarder implements Outlet {
  readonly name = 'the way to the receiver';
  readonly #settings: ForwarderSettings;
  readonly #verdicts: Verdicts;
  readonly #hosts = new Set<HostName>();
  readonly #stopping = new AbortController();
  readonly #startedAt: Date;
  #wake = Promise.withResolvers<void>();
  readonly #mostBounds: Bounds;
  #bounds: Bounds;
  /** Whether more waited than went into the last message. */
  #isBehind = false;
  #lastMessageMs = Number.NEGATIVE_INFINITY;
  #loop: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #toldFault = '';
  #toldReceiver: Receiver | undefined;

  constructor(settings: ForwarderSettings) {
    this.#settings = settings;
    this.#verdicts = new Verdicts(settings);
    this.#startedAt = new Date(settings.clock.now());
    this.#mostBounds = settings.perMessage ?? usualBounds;
    this.#bounds = this.#mostBounds;
  }

  start(): void {
    this.#loop = this.#run();
  }

  cycleEnded(end: CycleEnd): void {
    this.#hosts.add(end.host);
    if (end.kind === 'output') this.#settings.waiting.putOutput(end);
    else this.#settings.waiting.putFault(end);
    this.#wake.resolve();
  }

  hostGone(host: HostName): void {
    this.#hosts.delete(host);
    this.#settings.waiting.drop(host);
    this.#verdicts.forget(host);
  }

  toStatus(): { readonly forwarding: ForwardingStatus } {
    const { way, waiting } = this.#settings;
    const counts = { hosts: this.#hosts.size, waiting: waiting.size };
    return { forwarding: reportForwarding(way, this.#verdicts, counts) };
  }

  toMetrics(): readonly Metric[] {
    return toForwardingMetrics(this.toStatus().forwarding, this.#settings.clock.now());
  }

  /** Says good-bye; what waits stays in the spool. May be called twice; never rejects. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new CourierError('INTERRUPTED', 'the relay ends'));
    await this.#loop;
    await this.#looking;
    const { clock, way, spool } = this.#settings;
    const limit = { clock, timeoutMs: endMs, tooSlow: 'no answer' };
    const farewell = writeMessage(this.#describe([], true));
    if (way.current !== undefined) {
      await withTimeLimit(limit, neverAborts, (signal) => way.send(farewell, signal)).catch(
        () => undefined,
      );
    }
    await way.close();
    await spool.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#untilDue();
      if (signal.aborted) return;
      await this.#sendSome();
      const { way } = this.#settings;
      this.#looking = way.lookBack(() => writeMessage(this.#describe([])), signal);
      await this.#sleep(pauseMs);
    }
  }

  /** Until something waits that may be sent, or the receiver is to hear of us. */
  async #untilDue(): Promise<void> {
    const { way, waiting, clock, contactMs } = this.#settings;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>();
      const contactInMs = this.#lastMessageMs + contactMs - clock.monotonic();
      const dueMs = Math.max(way.waitMs, Math.min(waiting.waitMs ?? contactInMs, contactInMs));
      if (dueMs <= 0) {
        if (waiting.waitMs === 0 && !this.#isBehind) await this.#sleep(gatherMs);
        return;
      }
      const isBlocked = way.waitMs > 0;
      const pause = this.#sleep(Math.max(shortestMs, dueMs));
      await (isBlocked ? pause : Promise.race([pause, this.#wake.promise]));
    }
  }

  async #sleep(delayMs: number): Promise<void> {
    await this.#settings.clock.sleep(delayMs, this.#stopping.signal).catch(() => undefined);
  }

  /** Never rejects. */
  async #sendSome(): Promise<void> {
    const { way, waiting, log } = this.#settings;
    const { signal } = this.#stopping;
    let sent: readonly Sent[] = [];
    this.#isBehind = false;
    try {
      const chosen = await waiting.choose(this.#bounds);
      sent = chosen.sent;
      const message = writeMessage(this.#describe(sent));
      this.#lastMessageMs = this.#settings.clock.monotonic();
      const answered = await way.send(message, signal);
      this.#isBehind = chosen.leavesSome;
      this.#fitBounds(chosen);
      this.#verdicts.apply(answered.answer, sent);
      this.#tellReached(answered);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asCourierError(thrown, 'forwarding');
      if (isTooLarge(error)) return this.#makeSmaller(error, sent);
      if (isRejected(error)) this.#divide(sent);
      if (error.code === 'TIMEOUT' && sent.length > 0) this.#setBounds(countHosts(sent) / 2);
      if (this.#toldFault === error.message) return;
      this.#toldFault = error.message;
      log.warn({ code: error.code, waiting: waiting.size }, error.message);
    }
  }

  /** What is too large even alone is never taken. */
  #makeSmaller(error: CourierError, sent: readonly Sent[]): void {
    const hosts = countHosts(sent);
    this.#setBounds(hosts / 2);
    if (hosts > 1) return;
    for (const each of sent) this.#verdicts.refuse(each, error.message);
  }

  /** One host that a receiver does not understand keeps nothing of the others. */
  #divide(sent: readonly Sent[]): void {
    this.#setBounds(1);
    if (countHosts(sent) > 1) return;
    for (const each of sent) this.#settings.waiting.later(each, doubtfulMs);
  }

  /** After a message that was taken; one that was not full says nothing about larger ones. */
  #fitBounds({ sent, leavesSome }: Chosen): void {
    const tookMs = this.#settings.clock.monotonic() - this.#lastMessageMs;
    if (tookMs > slowMs && sent.length > 0) this.#setBounds(countHosts(sent) / 2);
    else if (leavesSome) this.#setBounds(this.#bounds.hosts * 2);
  }

  #setBounds(hosts: number): void {
    const most = this.#mostBounds;
    this.#bounds = { ...most, hosts: Math.min(most.hosts, Math.max(1, Math.ceil(hosts))) };
  }

  /** Once for each receiver that takes over, and after each fault. */
  #tellReached({ by }: Answered): void {
    const before = this.#toldReceiver;
    if (before === by && this.#toldFault === '') return;
    this.#toldReceiver = by;
    this.#toldFault = '';
    const { log, waiting, way } = this.#settings;
    const about = { receiver: by.shown, waiting: waiting.size };
    const better = way.receivers.slice(0, way.receivers.indexOf(by));
    const faults = better.flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
    const [worst] = faults;
    if (worst !== undefined) {
      const why = faults.map(({ message }) => message).join('; ');
      log.warn({ ...about, code: worst.code }, `another receiver is sent to now: ${why}`);
    } else log.info(about, `the receiver is reached${before === undefined ? '' : ' again'}`);
  }

  #describe(sent: readonly Sent[], isEnding = false): RelayMessage {
    const { clock, contactMs, waiting } = this.#settings;
    const nowMs = clock.now();
    // What is in this message waits no longer once it is read.
    const left = Math.max(0, waiting.size - countHosts(sent));
    const note: RelayNote = {
      version,
      startedAtMs: this.#startedAt.getTime(),
      sentAtMs: nowMs,
      contactMs,
      hosts: this.#hosts.size,
      waiting: left,
      ...(isEnding ? { isEnding } : {}),
    };
    return { note, entries: sent.map(({ entry }) => entry) };
  }
}

function countHosts(sent: readonly Sent[]): number {
  return new Set(sent.map(({ host }) => host)).size;
}
