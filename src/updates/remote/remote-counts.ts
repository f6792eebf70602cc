/** What a remote site counts, for /metrics. */

import { counter, gauge, type Metric } from '../../metrics/metric.ts';
import type { Centre } from './centre.ts';

const counted = {
  hits: 'Packages, targets and roots handed on from what is kept here.',
  misses: 'Packages fetched from the centre.',
  stale: 'Checks answered with a kept stamp, since the centre was away.',
  refused: 'Answers of the centre that were not handed on: damaged, or signed by nobody.',
} as const;

export class RemoteCounts {
  readonly #counts = new Map<string, number>();

  add(name: keyof typeof counted): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  toMetrics(
    { counts, silentMs }: Pick<Centre, 'counts' | 'silentMs'>,
    cacheBytes: number,
  ): readonly Metric[] {
    const { calls, failures, bytes } = counts;
    const ageS = silentMs === undefined ? undefined : silentMs / 1000;
    const of = (name: string) => `updates_remote_${name}`;
    return [
      ...Object.entries(counted).map(([name, help]) =>
        counter(of(`${name}_total`), help, this.#counts.get(name) ?? 0),
      ),
      counter(of('calls_total'), 'Requests to the centre.', calls),
      counter(of('failures_total'), 'Requests to the centre that got no answer.', failures),
      counter(of('bytes_total'), 'Bytes fetched from the centre.', bytes),
      gauge(of('cache_bytes'), 'Size of the packages kept here.', cacheBytes),
      gauge(of('contact_age_seconds'), 'Since the centre last answered.', ageS),
    ];
  }
}
