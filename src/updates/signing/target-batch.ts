/** Unsigned targets for all hosts whose target is to change, under one new counter. */

import { CourierError } from '../../faults/errors.ts';
import { pathStatus } from '../../files/file-calls.ts';
import type { HostName } from '../../names/host-name.ts';
import { fromStamp } from '../../sealing/stamp.ts';
import type { Root } from '../documents/root.ts';
import { readTarget, type Target, writeTarget } from '../documents/target.ts';
import { findSigners, splitDocument } from '../documents/verifying.ts';
import { pathOfKept, readKept } from '../repository/by-digest.ts';
import type { HostTarget, HostTargets } from '../repository/host-targets.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import type { Offer, Plan } from '../repository/plan.ts';

export interface TargetWishes {
  /** Sign those as well that have not changed. */
  readonly all: boolean;
  /** How long a target is good. */
  readonly valid: number;
}

/** What a target says beside whom it is for and when. */
type Content = Omit<Target, 'audience' | 'counter' | 'issued' | 'expires'>;

/** A host, and what it is to get. */
export interface Wanted {
  readonly host: HostName;
  readonly content: Content;
}

/** All hosts of a plan, by name. */
export function hostsOf({ offers }: Plan): readonly Wanted[] {
  const wanted = offers.flatMap((offer) => {
    const content = toContent(offer);
    return offer.hosts.map((host) => ({ host, content }));
  });
  return wanted.sort((one, other) => (one.host < other.host ? -1 : 1));
}

function toContent(offer: Offer): Content {
  const { platform, updaterMin, selfTestSeconds, action } = offer;
  const shared = { platform, updaterMin, selfTestSeconds, action };
  if (offer.action !== 'install') return { ...shared, package: undefined };
  const { agentHash, agentVersion, packageSize: size, packageSha256: sha256 } = offer;
  return { ...shared, package: { agentHash, agentVersion, size, sha256 } };
}

/**
 * Packages that a plan names have to be there before anybody is sent for them.
 *
 * @throws CourierError CONFIG
 */
export async function requirePackages({ packages }: UpdatePlaces, plan: Plan): Promise<void> {
  for (const offer of plan.offers) {
    if (offer.action !== 'install') continue;
    const path = pathOfKept(packages, offer.packageSha256);
    const size = await pathStatus(path).then(
      (stats) => stats.size,
      () => undefined,
    );
    if (size === offer.packageSize) continue;
    const how = size === undefined ? 'is missing' : `has ${size} bytes, not ${offer.packageSize}`;
    throw new CourierError('CONFIG', `${path} ${how}; \`cmk-courier updates bake\` makes it anew`);
  }
}

/** What the targets that there are have to be held against. */
export interface Standing {
  readonly places: UpdatePlaces;
  readonly root: Root;
  readonly there: HostTargets;
  readonly nowMs: number;
}

/**
 * Hosts whose target is missing, says something else, has too few signatures under the root, lies
 * below its floor, or has half of its life behind it.
 */
export async function findChanged(
  wanted: readonly Wanted[],
  standing: Standing,
): Promise<readonly Wanted[]> {
  const changed: Wanted[] = [];
  for (const one of wanted) {
    const target = standing.there.get(one.host);
    if (target === undefined || !(await isGood(one, target, standing))) changed.push(one);
  }
  return changed;
}

async function isGood(
  { host, content }: Wanted,
  { counter, targetSha256, packageSha256, action }: HostTarget,
  { places, root, nowMs }: Standing,
): Promise<boolean> {
  if (counter < root.floorCounter || action !== content.action) return false;
  if (packageSha256 !== (content.package?.sha256 ?? '-')) return false;
  const bytes = await readKept(places.targets, targetSha256);
  if (bytes === undefined) return false;
  const envelope = splitDocument(bytes, 'target');
  const { audience, issued, expires, counter: _, ...found } = readTarget(envelope.payload);
  if (audience !== `host:${host}` || !isSameContent(found, content)) return false;
  if (isPastHalf({ issued, expires }, nowMs)) return false;
  return (await findSigners(envelope, root, 'release')).size >= root.thresholds.release;
}

function isSameContent(one: Content, other: Content): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted({ platform, updaterMin, selfTestSeconds, action, package: wanted }: Content) {
  const { agentHash, agentVersion, size, sha256 } = wanted ?? {};
  return [platform, updaterMin, selfTestSeconds, action, agentHash, agentVersion, size, sha256];
}

function isPastHalf(
  { issued, expires }: { readonly issued: string; readonly expires: string },
  nowMs: number,
): boolean {
  const begin = fromStamp(issued).getTime();
  const end = fromStamp(expires).getTime();
  return nowMs > begin + (end - begin) / 2;
}

/** What the targets of one batch have in common. */
export interface BatchTimes {
  readonly counter: number;
  readonly issued: string;
  readonly expires: string;
}

/** The payloads of all targets, in the order of the hosts. */
export function writeTargets(wanted: readonly Wanted[], times: BatchTimes): readonly Buffer[] {
  const { counter, issued, expires } = times;
  return wanted.map(({ host, content }) =>
    writeTarget({ ...content, audience: `host:${host}`, counter, issued, expires }),
  );
}
