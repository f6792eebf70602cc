/** Which hosts there are: routes, lists and what the site asks for, brought into the roster. */

import type { Clock } from '../clock.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { HostName } from '../names/host-name.ts';
import type { Routes } from '../routes/route.ts';
import type { ListedHost } from './host-list.ts';
import type { KnownHosts } from './known-hosts.ts';
import type { Outlets } from './outlets.ts';
import type { Pool } from './pool/pool.ts';
import type { Roster } from './roster.ts';
import type { Troubles } from './troubles.ts';
import type { Upkeep } from './upkeep.ts';

interface Around {
  readonly roster: Roster;
  readonly known: KnownHosts;
  readonly upkeep: Upkeep;
  readonly outlets: Outlets;
  readonly troubles: Troubles;
  readonly pool: Pool | undefined;
  readonly clock: Clock;
  /** Hears when hosts or routes have changed. */
  readonly changed: () => void;
}

export class Population {
  readonly #around: Around;

  constructor(around: Around) {
    this.#around = around;
  }

  /** Whether a list or what the site asked for has changed. */
  hasNews(routes: Routes): boolean {
    return this.#around.known.hasNews(routes);
  }

  /** Takes new hosts in and lets those go that are no longer there, with what lies ready for them. */
  update(routes: Routes): void {
    const { roster, upkeep, outlets, pool, clock } = this.#around;
    for (const host of roster.update(routes, this.#gather(routes), clock.monotonic())) {
      upkeep.removeReady(host);
      outlets.hostGone(host);
    }
    pool?.setHosts(roster.entries());
    for (const entry of roster.entries()) {
      if (!entry.routed.isToRenew || entry.laid === 'nothing') continue;
      upkeep.removeReady(entry.target.host);
      entry.laidReady('nothing');
    }
    this.#around.changed();
  }

  #gather(routes: Routes): ReadonlyMap<HostName, ListedHost> {
    const { known, troubles } = this.#around;
    try {
      const hosts = known.gather(routes);
      troubles.note('hosts', undefined);
      return hosts;
    } catch (thrown) {
      troubles.note('hosts', asCourierError(thrown, 'gathering hosts'));
      return known.previous(routes);
    }
  }
}
