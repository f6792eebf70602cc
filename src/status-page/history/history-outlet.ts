/** What cycles show goes into the history. */

import type { Clock } from '../../clock.ts';
import type { CycleEnd, Outlet } from '../../collector/outlets.ts';
import type { HostName } from '../../names/host-name.ts';
import type { HostHistory } from './host-history.ts';

export class HistoryOutlet implements Outlet {
  readonly name = 'history';
  readonly #hosts: HostHistory;
  readonly #clock: Clock;

  constructor(hosts: HostHistory, clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
  }

  cycleEnded(end: CycleEnd): void {
    const producedAtMs = end.kind === 'output' ? end.producedAt.getTime() : undefined;
    const { host, durationMs } = end;
    this.#hosts.note(host, { producedAtMs, durationMs }, this.#clock.now());
  }

  hostGone(host: HostName): void {
    this.#hosts.forget(host);
  }
}
