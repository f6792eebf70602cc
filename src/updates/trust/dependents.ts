/** Which hosts would be left alone if a key were dropped. */

import type { HostName } from '../../names/host-name.ts';
import { type KeyRole, keyRoles, type Root } from '../documents/root.ts';
import { findSigners, splitDocument } from '../documents/verifying.ts';
import { readKept } from '../repository/by-digest.ts';
import type { HostStanding } from '../repository/host-standings.ts';
import { readHostTargets } from '../repository/host-targets.ts';
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

const mostNames = 10;

/** `3 hosts have not taken a root without it: web01 (root 1), …`. */
export function describeDependents(dependents: readonly Dependent[]): string {
  const names = dependents.slice(0, mostNames).map(({ host, rootVersion }) => {
    return `${host} (${rootVersion === undefined ? 'never asked' : `root ${rootVersion}`})`;
  });
  const more = dependents.length > mostNames ? ', …' : '';
  const are = dependents.length === 1 ? '1 host has' : `${dependents.length} hosts have`;
  return `${are} no root yet that does without it: ${names.join(', ')}${more}`;
}

/**
 * Hosts whose published target a root would not believe.
 *
 * @throws CourierError CONFIG; LOCAL
 */
export async function findUnbelieved(
  places: UpdatePlaces,
  root: Root,
): Promise<readonly HostName[]> {
  const unbelieved: HostName[] = [];
  for (const [host, { targetSha256, counter }] of await readHostTargets(places.published)) {
    const bytes = await readKept(places.targets, targetSha256);
    const signers = bytes && (await findSigners(splitDocument(bytes, 'target'), root, 'release'));
    const isBelieved = (signers?.size ?? 0) >= root.thresholds.release;
    if (!isBelieved || counter < root.floorCounter) unbelieved.push(host);
  }
  return unbelieved;
}
