/**
 * The way of outputs into the broker. It answers when the stream has acknowledged; while the broker
 * is away outputs wait on disk, and the newest of each host follows when it is back.
 */

import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import type { Produced } from '../spool/newest.ts';
import type { NewOutput } from '../spool/record.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import { Forwarding } from './forwarding.ts';
import type { WaitingOutputs } from './waiting-outputs.ts';

/** A writer into the stream, by hosts. */
export interface BrokerWriter {
  /**
   * Resolves when the stream has the output; with what is there where that is newer.
   *
   * @throws CourierError
   */
  write(output: NewOutput, signal: AbortSignal): Promise<Produced | undefined>;
}

export interface SinkSettings {
  readonly writer: BrokerWriter;
  /** Undefined with `--broker-only`: whoever sends waits, and is refused then. */
  readonly waiting: WaitingOutputs | undefined;
  /** How long an output waits for the broker before it goes to disk, or is refused. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What is wrong with the output itself; all else is the broker's, and may pass. */
const faultsOfOutput: ReadonlySet<string> = new Set(['TOO_LARGE', 'STALE', 'MALFORMED']);

export function isFaultOfOutput(error: unknown): boolean {
  return error instanceof CourierError && faultsOfOutput.has(error.code);
}

export class BrokerSink {
  readonly #settings: SinkSettings;
  readonly #forwarding: Forwarding | undefined;
  /** Why the broker counts as away; undefined while it does not. */
  #away: CourierError | undefined;

  constructor(settings: SinkSettings) {
    this.#settings = settings;
    const { waiting } = settings;
    const noteFault = (fault: CourierError | undefined) => this.#noteFault(fault);
    this.#forwarding = waiting && new Forwarding({ ...settings, waiting, noteFault });
  }

  /** Why outputs cannot be taken; waiting on disk is no trouble. */
  findTrouble(): string | undefined {
    if (this.#away === undefined || this.#settings.waiting !== undefined) return undefined;
    return `the broker is away: ${this.#away.message}`;
  }

  /** Why the broker counts as away; undefined while it does not. */
  get away(): CourierError | undefined {
    return this.#away;
  }

  /** Outputs that had to wait and are in the stream now. */
  get forwarded(): number {
    return this.#forwarding?.forwarded ?? 0;
  }

  /** Begins with what waits since before. */
  start(): void {
    this.#forwarding?.start();
  }

  /**
   * Resolves when the output is safe: in the stream or, while the broker is away, on disk.
   *
   * @returns what is there already and was produced later: then this one is not kept
   * @throws CourierError TOO_LARGE or STALE; LOCAL when it is safe nowhere
   */
  async put(output: NewOutput): Promise<Produced | undefined> {
    const { waiting } = this.#settings;
    if (waiting === undefined) return this.#putOnly(output);
    if (this.#away === undefined) {
      try {
        return await this.#write(output);
      } catch (error) {
        if (isFaultOfOutput(error)) throw error;
        this.#noteFault(asCourierError(error, 'writing to the broker'));
      }
    }
    const newer = await waiting.put(output);
    this.#forwarding?.wake(output.host);
    return newer;
  }

  async #putOnly(output: NewOutput): Promise<Produced | undefined> {
    try {
      return await this.#write(output);
    } catch (error) {
      if (isFaultOfOutput(error)) throw error;
      const fault = asCourierError(error, 'writing to the broker');
      this.#noteFault(fault);
      // Nothing of it is the sender's: it is to come again.
      throw new CourierError('LOCAL', fault.message, { cause: error });
    }
  }

  async #write(output: NewOutput): Promise<Produced | undefined> {
    const { writer, clock, signal, patienceMs: timeoutMs } = this.#settings;
    const limit = { clock, timeoutMs, tooSlow: 'the broker has not acknowledged' };
    const newer = await withTimeLimit(limit, signal, (limited) => writer.write(output, limited));
    this.#noteFault(undefined);
    return newer;
  }

  #noteFault(fault: CourierError | undefined): void {
    const { log, waiting } = this.#settings;
    const wasAway = this.#away !== undefined;
    this.#away = fault;
    if (fault !== undefined && !wasAway) {
      const what = waiting === undefined ? 'outputs are refused' : 'outputs wait on disk';
      log.warn({ code: fault.code }, `the broker is away, ${what}: ${fault.message}`);
    }
    if (fault === undefined && wasAway) log.info({}, 'the broker is back');
  }

  /** Lets what is on its way end; never rejects. */
  async stop(): Promise<void> {
    await this.#forwarding?.stop();
    await this.#settings.waiting?.close();
  }
}
