/** Parts that run beside the collector in its process, such as a relay's way or the status page. */

import type { Collector } from './collector.ts';
import type { Outlet } from './outlets.ts';
import type { CollectorSettings } from './settings.ts';

/** All of it is optional; nothing but {@link begin} rejects. */
export interface Companion {
  /** What hears of each cycle, and adds to metrics and status. */
  readonly outlets?: readonly Outlet[];
  /** What the collector does otherwise because of it. */
  readonly settings?: Pick<CollectorSettings, 'pool' | 'sealWay'>;
  /** Hosts are being asked. */
  begin?(collector: Collector): void | Promise<void>;
  /** The collector is about to end: others hear of it, and nobody is answered any more. */
  leave?(): void | Promise<void>;
  /** The last cycle has ended, or the collector has not started. */
  end?(): Promise<void>;
}

/** Several of them as one, in the order in which they begin; they leave in the opposite one. */
export class Companions implements Companion {
  readonly #companions: readonly Companion[];

  constructor(companions: readonly Companion[]) {
    this.#companions = companions;
  }

  get outlets(): readonly Outlet[] {
    return this.#companions.flatMap(({ outlets = [] }) => outlets);
  }

  get settings(): NonNullable<Companion['settings']> {
    return Object.assign({}, ...this.#companions.map(({ settings = {} }) => settings));
  }

  async begin(collector: Collector): Promise<void> {
    for (const companion of this.#companions) await companion.begin?.(collector);
  }

  async leave(): Promise<void> {
    for (const companion of this.#companions.toReversed()) await companion.leave?.();
  }

  async end(): Promise<void> {
    await Promise.all(this.#companions.map((companion) => companion.end?.()));
  }
}
