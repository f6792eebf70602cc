/** What the update server counts, for /metrics. */

import { counter, type Metric } from '../../metrics/metric.ts';

const counted = {
  checks: 'Checks of hosts answered with a stamp.',
  packages: 'Packages that hosts have fetched to their end.',
  registrations: 'Secrets given to hosts.',
  clones: 'Hosts found to share a secret with another machine.',
} as const;

export class UpdateCounts {
  readonly #counts = new Map<string, number>();

  add(name: keyof typeof counted): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  toMetrics(): readonly Metric[] {
    return Object.entries(counted).map(([name, help]) =>
      counter(`updates_${name}_total`, help, this.#counts.get(name) ?? 0),
    );
  }
}
