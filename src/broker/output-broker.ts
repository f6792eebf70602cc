/** A broker as the options of a service name it. Loaded only where one is named. */

import type { Clock } from '../clock.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import { counter, gauge, type Metric } from '../metrics/metric.ts';
import { counted } from '../names/counted.ts';
import type { HostName } from '../names/host-name.ts';
import type { NatsServer } from '../nats/servers.ts';
import type { SecretContext } from '../secrets/secrets.ts';
import { waitingBeside } from '../spool/directories.ts';
import type { Produced } from '../spool/newest.ts';
import type { NewOutput } from '../spool/record.ts';
import type { SpoolStatistics, SpoolSummary } from '../spool/spool.ts';
import { neverAborts } from '../system/never-aborts.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import { formatDuration } from '../times/durations.ts';
import { BrokerSink } from './broker-sink.ts';
import { type BrokerValues, toNatsOptions } from './options.ts';
import type { BrokerStatus } from './status-shape.ts';
import { StreamWriter } from './stream-writer.ts';
import { WaitingOutputs } from './waiting-outputs.ts';

export interface OutputBrokerSettings extends BrokerValues {
  readonly broker: readonly NatsServer[];
  readonly site: string;
  /** Of the service; what waits lies beside it unless `brokerWaiting` says where. */
  readonly spool: string;
  readonly maxBytes: number;
  readonly maxHosts: number;
  readonly maxSkewMs: number;
}

export interface OutputBrokerContext extends SecretContext {
  readonly clock: Clock;
  readonly log: Logger;
}

/** The broker, for a service that puts outputs into it. */
export class OutputBroker {
  readonly #writer: StreamWriter;
  readonly #sink: BrokerSink;
  readonly #waiting: WaitingOutputs | undefined;
  readonly #closing = new AbortController();

  private constructor(writer: StreamWriter, sink: BrokerSink, waiting: WaitingOutputs | undefined) {
    this.#writer = writer;
    this.#sink = sink;
    this.#waiting = waiting;
  }

  /**
   * Begins with what waits since before. That the broker answers is not waited for.
   *
   * @throws CourierError USAGE; LOCAL or CONFIG about the place of what waits
   */
  static async open(
    settings: OutputBrokerSettings,
    context: OutputBrokerContext,
  ): Promise<OutputBroker> {
    const { broker: servers, brokerStream: stream, site, maxSkewMs } = settings;
    const access = { servers, options: toNatsOptions(settings), stream, site };
    const writer = await StreamWriter.open(access, { ...context, maxSkewMs });
    const waiting = settings.brokerOnly ? undefined : await openWaiting(settings, context);
    const { clock, log } = context;
    const patienceMs = settings.brokerPatience ?? (settings.brokerOnly ? 15_000 : 3000);
    const sink = new BrokerSink({ writer, waiting, patienceMs, clock, log, signal: neverAborts });
    sink.start();
    const broker = new OutputBroker(writer, sink, waiting);
    void broker.#greet(patienceMs, context);
    return broker;
  }

  /** A wrong password is told at the start, and not with the first output. Never rejects. */
  async #greet(timeoutMs: number, { clock, log }: OutputBrokerContext): Promise<void> {
    const { signal } = this.#closing;
    const limit = { clock, timeoutMs, tooSlow: 'the broker has not answered' };
    try {
      await withTimeLimit(limit, signal, (limited) => this.#writer.greet(limited));
    } catch (thrown) {
      if (signal.aborted) return;
      const { code, message } = asCourierError(thrown, 'asking the broker');
      log.warn({ code }, `the broker cannot be asked yet: ${message}`);
    }
  }

  /** See {@link BrokerSink.put}. */
  put(output: NewOutput): Promise<Produced | undefined> {
    return this.#sink.put(output);
  }

  /** Of what waits on this machine. */
  get statistics(): SpoolStatistics {
    return this.#waiting?.statistics ?? nothing;
  }

  /** What waits on this machine. */
  waitingSummaries(): readonly SpoolSummary[] {
    return this.#waiting?.summaries() ?? [];
  }

  findTrouble(): string | undefined {
    return this.#sink.findTrouble();
  }

  /** What people should know though outputs are taken: that they wait on disk, and why. */
  findNotice(): string | undefined {
    const { away, waiting, lagMs } = this.toStatus();
    if (this.#waiting === undefined || (away === undefined && waiting === 0)) return undefined;
    const wait = `${counted(waiting, 'host')} waiting on disk for ${formatDuration(lagMs)}`;
    return away === undefined
      ? `the broker gets what waited: ${wait}`
      : `the broker is away, ${wait}: ${away.message}`;
  }

  /** Whether there is output of a host, as far as this process has seen. */
  knows(host: HostName): boolean {
    return this.#writer.knows(host) || (this.#waiting?.has(host) ?? false);
  }

  /** What the broker does to us. */
  toStatus(): BrokerStatus {
    const { away, forwarded } = this.#sink;
    const { counts, reconnects } = this.#writer;
    return {
      away: away && { code: away.code, message: away.message },
      waiting: this.#waiting?.count ?? 0,
      lagMs: this.#waiting?.longestMs ?? 0,
      ...counts,
      forwarded,
      reconnects,
    };
  }

  toMetrics(): readonly Metric[] {
    const { away, waiting, lagMs, stored, conflicts, older, ...more } = this.toStatus();
    const lagS = this.#waiting && lagMs / 1000;
    const isAway = away === undefined ? 0 : 1;
    return [
      gauge('broker_away', 'Whether the broker counts as away.', isAway),
      gauge('broker_waiting_hosts', 'Hosts whose output waits for the broker.', waiting),
      gauge('broker_lag_seconds', 'How long the output that came first has waited for it.', lagS),
      counter('broker_stored_total', 'Outputs the broker has acknowledged.', stored),
      counter('broker_conflicts_total', 'Outputs another writer was quicker with.', conflicts),
      counter('broker_older_outputs_total', 'Outputs dropped for newer in it.', older),
      counter('broker_attempts_again_total', 'Attempts that had to be repeated.', more.again),
      counter('broker_lost_total', 'Outputs it had acknowledged and has lost.', more.lost),
      counter('broker_forwarded_total', 'Outputs that had waited for it.', more.forwarded),
      counter('broker_reconnects_total', 'Connections after the first one.', more.reconnects),
    ];
  }

  /** What is on its way ends, or goes to disk; never rejects. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the broker is not needed any more'));
    await this.#sink.stop();
    await this.#writer.close();
  }
}

const nothing: SpoolStatistics = { hosts: 0, bytes: 0, lastFsyncMs: 0, fsyncs: 0, fsyncMs: 0 };

function openWaiting(
  settings: OutputBrokerSettings,
  { clock, log }: OutputBrokerContext,
): Promise<WaitingOutputs> {
  const { spool, brokerWaiting: directory = waitingBeside(spool, 'broker') } = settings;
  const { maxBytes, maxHosts, maxSkewMs } = settings;
  return WaitingOutputs.open({ directory, maxBytes, maxHosts, maxSkewMs, clock, log });
}
