/**
 * The day of hosts that push: noted as their output comes, and looked at now and then, since of a host
 * that is silent nothing comes.
 */

import type { Clock } from '../../clock.ts';
import { wasOpened } from '../../spool/origins.ts';
import type { NewOutput } from '../../spool/record.ts';
import type { SpoolSummary } from '../../spool/spool.ts';
import { Slices } from '../fleet/slices.ts';
import type { HostHistory } from './host-history.ts';

/** How often hosts are let go of which a day knows nothing. */
const tidyMs = 3_600_000;

export class PushedHosts {
  readonly #hosts: HostHistory;
  readonly #clock: Clock;
  #tidiedMs: number;

  constructor(hosts: HostHistory, clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
    this.#tidiedMs = clock.monotonic();
  }

  /** Output was stored. */
  readonly arrived = (output: Pick<NewOutput, 'host' | 'producedAt' | 'origin'>): void => {
    if (wasOpened(output)) return;
    const producedAtMs = output.producedAt.getTime();
    this.#hosts.note(output.host, { producedAtMs, durationMs: undefined }, this.#clock.now());
  };

  /** Others have their turn meanwhile. */
  async look(summaries: readonly SpoolSummary[]): Promise<void> {
    const slices = new Slices(this.#clock);
    for (const summary of summaries) {
      if (slices.isOver()) await slices.rest();
      if (wasOpened(summary)) continue;
      this.#hosts.see(summary.host, summary.producedAt.getTime(), this.#clock.now());
    }
    if (this.#clock.monotonic() - this.#tidiedMs < tidyMs) return;
    this.#tidiedMs = this.#clock.monotonic();
    this.#hosts.forgetEmpty(this.#clock.now());
  }
}
