/** What the collector counts and measures, for Prometheus. */

import { Histogram } from '../metrics/histogram.ts';
import { byLabel, counter, gauge, type Metric } from '../metrics/metric.ts';
import type { SpoolStatistics } from '../spool/spool.ts';
import { version } from '../version.ts';
import { isBackingOff } from './backoff.ts';
import type { Entry, Laid } from './entry.ts';
import type { Limits } from './lanes.ts';
import type { CycleEnd, Outlet, Outlets } from './outlets.ts';
import type { Pool } from './pool/pool.ts';

export const collectorPrefix = 'cmk_courier_collector_';

/** A cycle that takes longer has most likely met a deadline. */
const slowestCycleSeconds = 60;

/** What is asked for at the moment of a question. */
export interface Insight {
  readonly startedAt: Date;
  readonly entries: Iterable<Entry>;
  /** With whom hosts are shared; entries are those that we ask. */
  readonly pool: Pool | undefined;
  readonly limits: Limits;
  /** Fetches that run now. */
  readonly running: number;
  /** Peers that are not asked for a while, since they were silent. */
  readonly openBreakers: readonly string[];
  readonly spool: SpoolStatistics;
  /** What hangs on it: the way to a receiver, the broker, sources that are followed. */
  readonly outlets: Pick<Outlets, 'toStatus'>;
  /** Kinds of troubles that last. */
  readonly troubles: readonly string[];
  /** The time now, in milliseconds since 1970. */
  readonly nowMs: number;
}

export class CollectorMeasures implements Outlet {
  readonly name = 'measures';
  readonly #faults = new Map<string, number>();
  readonly #seconds = new Histogram(slowestCycleSeconds);
  #good = 0;
  #bytes = 0;

  /** Cycles that have ended, by how. */
  get cycles(): { readonly good: number; readonly faulty: number } {
    return { good: this.#good, faulty: sumOf(this.#faults.values()) };
  }

  cycleEnded(end: CycleEnd): void {
    this.#seconds.add(end.durationMs / 1000);
    if (end.kind === 'fault') {
      this.#faults.set(end.code, (this.#faults.get(end.code) ?? 0) + 1);
      return;
    }
    this.#good += 1;
    for (const part of end.parts) this.#bytes += part.length;
  }

  tell(insight: Insight): readonly Metric[] {
    return [
      counter(
        'cycles_total',
        'Cycles that have ended, by how.',
        byLabel('result', Object.entries(this.cycles)),
      ),
      counter('faults_total', 'Cycles without output, by fault.', byLabel('code', this.#faults)),
      counter('collected_bytes_total', 'Size of good outputs.', this.#bytes),
      this.#seconds.toMetric('cycle_seconds', 'Time that a cycle of one host took.'),
      ...toHostMetrics(insight),
      ...toProcessMetrics(insight),
    ];
  }
}

function toHostMetrics({ entries, nowMs }: Insight): readonly Metric[] {
  const served: Record<Laid, number> = { output: 0, grace: 0, fault: 0, nothing: 0 };
  let [backingOff, oldestMs] = [0, 0];
  for (const { laid, history, lastGood } of entries) {
    served[laid] += 1;
    if (isBackingOff(history)) backingOff += 1;
    if (lastGood !== undefined) oldestMs = Math.max(oldestMs, nowMs - lastGood.producedAtMs);
  }
  return [
    gauge('hosts', 'Hosts by what the site gets.', byLabel('served', Object.entries(served))),
    gauge('hosts_in_backoff', 'Hosts asked less often, as they are silent.', backingOff),
    gauge(
      'oldest_output_age_seconds',
      'Age of the newest good output of the host that has had none for longest.',
      oldestMs / 1000,
    ),
  ];
}

function toProcessMetrics(insight: Insight): readonly Metric[] {
  const { limits, running, openBreakers, spool, troubles, startedAt } = insight;
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return [
    gauge('fetches', 'Fetches that run now.', running),
    gauge('fetches_limit', 'Fetches that may run at once.', limits.concurrency),
    gauge('open_breakers', 'Peers not asked for a while.', openBreakers.length),
    gauge('spool_hosts', 'Hosts in the spool.', spool.hosts),
    gauge('spool_bytes', 'Size of the spool.', spool.bytes),
    gauge('troubles', 'What is wrong with the collector itself.', troubles.length),
    counter(
      'processor_seconds_total',
      'Processor time of this process.',
      (userCPUTime + systemCPUTime) / 1e6,
    ),
    gauge('resident_memory_bytes', 'Memory of this process.', process.memoryUsage.rss()),
    gauge('start_time_seconds', 'When it was started, in Unix time.', startedAt.getTime() / 1000),
    gauge('version', 'Always 1.', [{ labels: { version }, value: 1 }]),
  ];
}

function sumOf(values: Iterable<number>): number {
  return [...values].reduce((sum, value) => sum + value, 0);
}
