/** Sends what waits on disk once the broker is back: some at a time, and of each host the newest only. */

import type { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { News } from '../logging/news.ts';
import type { HostName } from '../names/host-name.ts';
import type { SpooledOutput } from '../spool/record.ts';
import { GrowingPause } from '../system/growing-pause.ts';
import { PutOff } from '../system/put-off.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import { isFaultOfOutput, type SinkSettings } from './broker-sink.ts';
import type { WaitingOutputs } from './waiting-outputs.ts';

export interface ForwardingSettings extends Pick<SinkSettings, 'writer' | 'clock' | 'log'> {
  readonly waiting: WaitingOutputs;
  /** Hears of each attempt. */
  readonly noteFault: (fault: CourierError | undefined) => void;
}

/** At once; the broker takes thousands a second, and hosts go on sending meanwhile. */
const lanes = 32;
const attemptMs = 10_000;
/** One output a second finds out whether the broker is back; what waits is getting old. */
const longestPauseMs = 1000;
const pauses = { firstMs: 500, longestMs: longestPauseMs, spread: 0.5 };

/** `kept` by a fault of our disk, or by newer output: no reason for other hosts to wait. */
type Sent = 'done' | 'kept' | 'away';

export class Forwarding {
  readonly #settings: ForwardingSettings;
  readonly #ended = new AbortController();
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  readonly #news = new News();
  /** Hosts whose output our disk does not let us read or remove. */
  readonly #doubtful: PutOff<HostName>;
  /** The host whose output the broker did not take last. */
  #refused: HostName | undefined;
  #forwarded = 0;

  constructor(settings: ForwardingSettings) {
    this.#settings = settings;
    this.#doubtful = new PutOff(settings.clock);
  }

  get forwarded(): number {
    return this.#forwarded;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** There is something to send of a host. */
  wake(host: HostName): void {
    this.#doubtful.forget(host);
    this.#wake.resolve();
  }

  /** Ends what runs; never rejects. */
  async stop(): Promise<void> {
    this.#ended.abort();
    this.#wake.resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    const pause = new GrowingPause(this.#settings.clock, pauses);
    while (!signal.aborted) {
      const wake = Promise.withResolvers<void>();
      this.#wake = wake;
      const hosts = this.#findDue();
      if (hosts.length === 0) {
        // What waits, and cannot be read, or is from the future since our clock was set back, is not
        // to send yet.
        await (this.#settings.waiting.count === 0 ? wake.promise : this.#sleep());
        continue;
      }
      if (await this.#sendAll(hosts)) pause.reset();
      else await pause.wait(signal);
    }
  }

  #findDue(): readonly HostName[] {
    const due = this.#settings.waiting.hosts().filter((host) => this.#doubtful.isDue(host));
    // What the broker does not take of one host alone would hold up all others, if it came first again.
    const first = due.findIndex((host) => host !== this.#refused);
    return first <= 0 ? due : [...due.slice(first), ...due.slice(0, first)];
  }

  #sleep(): Promise<void> {
    const { clock } = this.#settings;
    return clock.sleep(longestPauseMs, this.#ended.signal).catch(() => undefined);
  }

  /** @returns whether none was kept back; the first fault of the broker ends it */
  async #sendAll(hosts: readonly HostName[]): Promise<boolean> {
    const left = hosts.values();
    const sent = new Set<Sent>();
    const run = async (most: number) => {
      for (let count = 0; count < most && !sent.has('away'); ) {
        const { value: host } = left.next();
        if (host === undefined) return;
        const became = await this.#send(host);
        sent.add(became);
        if (became !== 'kept') count += 1;
      }
    };
    // One alone finds out whether the broker is there.
    await run(1);
    await Promise.all(Array.from({ length: lanes }, () => run(Number.POSITIVE_INFINITY)));
    return !sent.has('away') && !sent.has('kept');
  }

  async #send(host: HostName): Promise<Sent> {
    const { waiting, log } = this.#settings;
    if (this.#ended.signal.aborted) return 'away';
    try {
      const looked = await waiting.lookAt(host);
      if (looked.output !== undefined && !(await this.#write(looked.output))) return 'away';
      const isDone = await waiting.remove(host, looked);
      this.#news.isNew(host, '');
      this.#doubtful.forget(host);
      return isDone ? 'done' : 'kept';
    } catch (error) {
      const { code, message } = asCourierError(error, 'forwarding what waits');
      this.#doubtful.failed(host);
      if (this.#news.isNew(host, `${code} ${message}`)) log.warn({ host, code }, message);
      return 'kept';
    }
  }

  /** @returns whether the stream has it, or never will */
  async #write(output: SpooledOutput): Promise<boolean> {
    const { writer, clock, noteFault, log } = this.#settings;
    const { signal } = this.#ended;
    const limit = { clock, timeoutMs: attemptMs, tooSlow: 'the broker has not acknowledged' };
    try {
      await withTimeLimit(limit, signal, (limited) => writer.write(output, limited));
      this.#forwarded += 1;
    } catch (error) {
      const fault = asCourierError(error, 'writing to the broker');
      if (!isFaultOfOutput(fault)) {
        if (!signal.aborted) noteFault(fault);
        this.#refused = output.host;
        return false;
      }
      const { code, message } = fault;
      log.warn({ host: output.host, code }, `what waited for the broker is dropped: ${message}`);
    }
    noteFault(undefined);
    return true;
  }
}
