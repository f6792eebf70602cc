/** All that is known of a server at the end of a run. */

import type { NetworkCard, Series } from './counters.ts';
import type { Datastore } from './datastore.ts';
import type { Host } from './host.ts';
import type { License } from './license.ts';
import type { Machine } from './machine.ts';
import type { ServiceContent } from './service-content.ts';

/** A cluster of a data center with the names of its hosts. */
export interface Cluster {
  readonly name: string;
  readonly hosts: readonly string[];
}

export interface Datacenter {
  readonly id: string;
  readonly clusters: readonly Cluster[];
}

/** What was not asked for, or failed, is undefined. */
export interface Inventory {
  readonly content: ServiceContent;
  /** Unix seconds. */
  readonly serverTime: number | undefined;
  readonly licenses: readonly License[] | undefined;
  readonly datastores: readonly Datastore[] | undefined;
  /** Those whose names counters go by, whether they are wanted or not; undefined if that failed. */
  readonly knownDatastores: readonly Datastore[] | undefined;
  /** By the id of the host. */
  readonly counters: ReadonlyMap<string, readonly Series[]> | undefined;
  /** None where they are not asked for; undefined if that failed. */
  readonly networkCards: readonly NetworkCard[] | undefined;
  /** Name of each host by its id. */
  readonly hostNames: ReadonlyMap<string, string>;
  readonly hosts: readonly Host[] | undefined;
  readonly machines: readonly Machine[] | undefined;
  readonly datacenters: readonly Datacenter[] | undefined;
  /**
   * Whether a section with hosts and machines would hold all of them. Half of one would say that
   * the others are gone.
   */
  readonly hasAllWanted: { readonly hosts: boolean; readonly machines: boolean };
}
