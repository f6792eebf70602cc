/** An outlet of the collector whose work begins when somebody looks. */

import type { CycleEnd, Outlet } from '../../collector/outlets.ts';
import type { HostName } from '../../names/host-name.ts';

export class LateOutlet implements Outlet {
  readonly name: string;
  target: Outlet | undefined;

  constructor(name: string) {
    this.name = name;
  }

  cycleEnded(end: CycleEnd): void {
    this.target?.cycleEnded(end);
  }

  hostGone(host: HostName): void {
    this.target?.hostGone?.(host);
  }
}
