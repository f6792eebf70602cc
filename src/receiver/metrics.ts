/** What the receiver counts, as Prometheus reads it (text format 0.0.4). */

import type { Metric } from './extension.ts';
import type { Reason } from './refusal.ts';

/** What others know at the moment of the question. */
export interface Gauges {
  readonly hosts: number;
  readonly bytes: number;
  readonly lastFsyncMs: number;
  /** Age of the newest output of the host that has been silent longest; undefined without hosts. */
  readonly oldestAgeS: number | undefined;
  readonly connections: number;
  readonly load: { readonly uploads: number; readonly bytes: number };
  readonly certificateNotAfter: Date;
  /** Of agent updates. */
  readonly more: readonly Metric[];
}

/** Upper bounds, in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

export class Metrics {
  readonly #refusals = new Map<Reason, number>();
  readonly #buckets = bounds.map((bound) => ({ bound, count: 0 }));
  #uploads = 0;
  #bytes = 0;
  #putSeconds = 0;
  #dropped = 0;
  #requests = 0;
  #handshakeFailures = 0;

  /** @param putMs how long it took until the output was safe */
  countUpload(bytes: number, putMs: number): void {
    const seconds = putMs / 1000;
    this.#uploads += 1;
    this.#bytes += bytes;
    this.#putSeconds += seconds;
    for (const bucket of this.#buckets) if (seconds <= bucket.bound) bucket.count += 1;
  }

  /** Output older than what is there, which is acknowledged and not kept. */
  countDropped(): void {
    this.#dropped += 1;
  }

  countRequest(refusal: Reason | undefined): void {
    this.#requests += 1;
    if (refusal === undefined) return;
    this.#refusals.set(refusal, (this.#refusals.get(refusal) ?? 0) + 1);
  }

  countHandshakeFailure(): void {
    this.#handshakeFailures += 1;
  }

  toText(gauges: Gauges): string {
    return `${[...this.#counters(), ...this.#histogram(), ...toLines(gauges)].join('\n')}\n`;
  }

  #counters(): readonly string[] {
    return [
      ...toMetric('requests_total', 'counter', 'Requests answered.', this.#requests),
      ...toMetric('uploads_total', 'counter', 'Outputs stored durably.', this.#uploads),
      ...toMetric('uploaded_bytes_total', 'counter', 'Size of outputs stored.', this.#bytes),
      ...toMetric('older_outputs_total', 'counter', 'Outputs dropped for newer.', this.#dropped),
      ...head('refusals_total', 'counter', 'Requests refused, by reason.'),
      ...[...this.#refusals].map(
        ([reason, n]) => `${prefix}refusals_total{reason="${reason}"} ${n}`,
      ),
      ...toMetric(
        'handshake_failures_total',
        'counter',
        'TLS handshakes that failed.',
        this.#handshakeFailures,
      ),
    ];
  }

  #histogram(): readonly string[] {
    const name = `${prefix}store_seconds`;
    return [
      ...head('store_seconds', 'histogram', 'Time until an output was safe on disk.'),
      ...this.#buckets.map(({ bound, count }) => `${name}_bucket{le="${bound}"} ${count}`),
      `${name}_bucket{le="+Inf"} ${this.#uploads}`,
      `${name}_sum ${this.#putSeconds}`,
      `${name}_count ${this.#uploads}`,
    ];
  }
}

function toLines(gauges: Gauges): readonly string[] {
  const { load, lastFsyncMs, oldestAgeS } = gauges;
  const notAfter = gauges.certificateNotAfter.getTime() / 1000;
  const values: readonly (readonly [name: string, help: string, value: number | undefined])[] = [
    ['fsync_seconds', 'Duration of the latest fsync.', lastFsyncMs / 1000],
    ['spool_hosts', 'Hosts in the spool.', gauges.hosts],
    ['spool_bytes', 'Size of the spool.', gauges.bytes],
    ['connections', 'Open connections.', gauges.connections],
    ['uploads_under_way', 'Outputs being received.', load.uploads],
    ['upload_memory_bytes', 'Memory they take.', load.bytes],
    [
      'certificate_not_after_seconds',
      'When the server certificate expires, in Unix time.',
      notAfter,
    ],
    [
      'oldest_output_age_seconds',
      'Age of the newest output of the host silent longest.',
      oldestAgeS,
    ],
  ];
  return [
    ...values.flatMap(([name, help, value]) =>
      value === undefined ? [] : toMetric(name, 'gauge', help, value),
    ),
    ...gauges.more.flatMap(({ name, type, help, value }) => toMetric(name, type, help, value)),
  ];
}

const prefix = 'cmk_courier_receiver_';

function head(name: string, type: string, help: string): readonly string[] {
  return [`# HELP ${prefix}${name} ${help}`, `# TYPE ${prefix}${name} ${type}`];
}

function toMetric(name: string, type: string, help: string, value: number): readonly string[] {
  return [...head(name, type, help), `${prefix}${name} ${value}`];
}
