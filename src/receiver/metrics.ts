/** What the receiver counts. */

import { Histogram } from '../metrics/histogram.ts';
import { byLabel, counter, gauge, type Metric } from '../metrics/metric.ts';
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
}

export const receiverPrefix = 'cmk_courier_receiver_';

/** What stores an output takes no longer, or it is slow in any case. */
const slowestStoreSeconds = 5;

export class Metrics {
  readonly #refusals = new Map<Reason, number>();
  readonly #store = new Histogram(slowestStoreSeconds);
  #uploads = 0;
  #bytes = 0;
  #dropped = 0;
  #requests = 0;
  #handshakeFailures = 0;

  /** @param putMs how long it took until the output was safe */
  countUpload(bytes: number, putMs: number): void {
    this.#uploads += 1;
    this.#bytes += bytes;
    this.#store.add(putMs / 1000);
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

  toMetrics(gauges: Gauges): readonly Metric[] {
    return [
      counter('requests_total', 'Requests answered.', this.#requests),
      counter('uploads_total', 'Outputs stored durably.', this.#uploads),
      counter('uploaded_bytes_total', 'Size of outputs stored.', this.#bytes),
      counter('older_outputs_total', 'Outputs dropped for newer.', this.#dropped),
      counter('refusals_total', 'Requests refused, by reason.', byLabel('reason', this.#refusals)),
      counter('handshake_failures_total', 'TLS handshakes that failed.', this.#handshakeFailures),
      this.#store.toMetric('store_seconds', 'Time until an output was safe on disk.'),
      ...toGauges(gauges),
    ];
  }
}

function toGauges(gauges: Gauges): readonly Metric[] {
  const { load, lastFsyncMs, oldestAgeS } = gauges;
  const notAfter = gauges.certificateNotAfter.getTime() / 1000;
  return [
    gauge('fsync_seconds', 'Duration of the latest fsync.', lastFsyncMs / 1000),
    gauge('spool_hosts', 'Hosts in the spool.', gauges.hosts),
    gauge('spool_bytes', 'Size of the spool.', gauges.bytes),
    gauge('connections', 'Open connections.', gauges.connections),
    gauge('uploads_under_way', 'Outputs being received.', load.uploads),
    gauge('upload_memory_bytes', 'Memory they take.', load.bytes),
    gauge(
      'certificate_not_after_seconds',
      'When the server certificate expires, in Unix time.',
      notAfter,
    ),
    gauge(
      'oldest_output_age_seconds',
      'Age of the newest output of the host silent longest.',
      oldestAgeS,
    ),
  ];
}
