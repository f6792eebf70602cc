/** Which hosts would be left alone if a key were dropped. */

import { type KeyRole, keyRoles, type Root } from '../documents/root.ts';
import type { HostStanding } from '../repository/host-standings.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { readRootFile } from '../repository/root-files.ts';

/** A host that still depends on a key, and the root it has. */
export interface Dependent {
  readonly host: string;
  /** Undefined for a host that has never asked. */
  readonly rootVersion: number | undefined;
}

/**
 * Hosts whose own root does not have enough keys of `after` to believe anything without the keys
 * that go. Each would find its way along the roots all the same, but only when it asks again: one
 * that is offline would learn of nothing else meanwhile.
 */
export async function findDependents(
  places: UpdatePlaces,
  after: Root,
  standings: readonly HostStanding[],
): Promise<readonly Dependent[]> {
  const judged = new Map<number, boolean>();
  const dependents: Dependent[] = [];
  for (const { host, rootVersion } of standings) {
    if (rootVersion !== undefined && !judged.has(rootVersion)) {
      judged.set(rootVersion, await canDoWith(places, rootVersion, after));
    }
    if (rootVersion === undefined || judged.get(rootVersion) !== true) {
      dependents.push({ host, rootVersion });
    }
  }
  return dependents;
}

async function canDoWith(places: UpdatePlaces, version: number, after: Root): Promise<boolean> {
  const own = (await readRootFile(places, version))?.root;
  if (own === undefined) return false;
  const holdersIn = (root: Root, role: KeyRole) =>
    new Set(root.keys.filter(({ roles }) => roles.includes(role)).map(({ id }) => id));
  return keyRoles
    .filter((role) => role !== 'root')
    .every((role) => {
      const known = holdersIn(own, role);
      const left = [...holdersIn(after, role)].filter((id) => known.has(id));
      return left.length >= own.thresholds[role];
    });
}
