/** What a collector is told, and what it holds while it runs. */

import type { StartConfiguration } from '../cli/command.ts';
import type { SealWay } from '../fetching/sealed.ts';
import type { HeldPlaces, PlaceSettings } from './held-places.ts';
import type { Outlet } from './outlets.ts';
import type { Pool } from './pool/pool.ts';
import type { Population } from './population.ts';
import type { RoutesInForce } from './routes-in-force.ts';
import type { Upkeep } from './upkeep.ts';

export interface CollectorSettings extends PlaceSettings {
  readonly routesPath: string;
  /** Where its options come from, for the status. */
  readonly configuration?: StartConfiguration | undefined;
  /** What else hears of each cycle. */
  readonly outlets?: readonly Outlet[];
  /** Who else gets sealed output, as it is; undefined: nobody. */
  readonly sealWay?: SealWay | undefined;
  /** The collectors it shares its hosts with. */
  readonly pool?: Pool | undefined;
}

/** All it holds while it runs. */
export interface Running extends HeldPlaces {
  readonly upkeep: Upkeep;
  readonly population: Population;
  inForce: RoutesInForce;
}
