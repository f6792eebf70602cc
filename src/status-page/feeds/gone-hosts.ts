/** That hosts are no longer asked: a page that has seen them is to forget them. */

import type { Outlet } from '../../collector/outlets.ts';

/** Counts hosts that are no longer asked, as an outlet of the collector. */
export class GoneHosts implements Outlet {
  readonly name = 'status page';
  count = 0;

  cycleEnded(): void {}

  hostGone(): void {
    this.count += 1;
  }
}
