/** What the collector fetched, on its way into a broker, from where other sites take it. */

import type { OutputBroker } from '../broker/output-broker.ts';
import type { Clock } from '../clock.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import type { Metric } from '../metrics/metric.ts';
import type { HostName } from '../names/host-name.ts';
import { collectorOrigin } from '../spool/origins.ts';
import type { NewOutput } from '../spool/record.ts';
import type { CycleEnd, Outlet } from './outlets.ts';
import type { CollectorStatus } from './status-shape.ts';

/** Written at once; of each other host the newest output waits in memory. */
const lanes = 32;

interface OutletContext {
  readonly clock: Clock;
  readonly log: Logger;
}

type Broker = Pick<OutputBroker, 'put' | 'toMetrics' | 'toStatus' | 'close'>;

export class BrokerOutlet implements Outlet {
  readonly name = 'the broker';
  readonly #broker: Broker;
  readonly #context: OutletContext;
  readonly #next = new Map<HostName, NewOutput>();
  readonly #running = new Set<Promise<void>>();

  constructor(broker: Broker, context: OutletContext) {
    this.#broker = broker;
    this.#context = context;
  }

  cycleEnded(end: CycleEnd): void {
    if (end.kind === 'fault') return;
    const { host, parts, producedAt, source, drop } = end;
    // It was put there when it came, and may have been sealed then.
    if (end.isFormer && drop === undefined) return;
    // One that is still waiting gives way.
    this.#next.set(host, {
      host,
      // Whoever reads the broker is to see the seal, too, and need not trust us.
      output: drop === undefined ? Buffer.concat(parts) : Buffer.from(drop.bytes),
      producedAt: drop?.producedAt ?? producedAt,
      receivedAt: new Date(this.#context.clock.now()),
      origin: `${collectorOrigin}${source}`,
    });
    if (this.#running.size < lanes) this.#start();
  }

  toMetrics(): readonly Metric[] {
    return this.#broker.toMetrics();
  }

  toStatus(): Partial<CollectorStatus> {
    return { broker: this.#broker.toStatus() };
  }

  /** What was fetched gets into the broker, or onto disk; never rejects. */
  async stop(): Promise<void> {
    await Promise.all(this.#running);
    await this.#broker.close();
  }

  #start(): void {
    const lane = this.#run().finally(() => this.#running.delete(lane));
    this.#running.add(lane);
  }

  async #run(): Promise<void> {
    for (let output = this.#take(); output !== undefined; output = this.#take()) {
      try {
        await this.#broker.put(output);
      } catch (error) {
        const { code, message } = asCourierError(error, 'putting output into the broker');
        this.#context.log.warn({ host: output.host, code }, message);
      }
    }
  }

  #take(): NewOutput | undefined {
    const [first] = this.#next.values();
    if (first !== undefined) this.#next.delete(first.host);
    return first;
  }
}
