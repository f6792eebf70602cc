/** All that a remote site keeps of its centre, in a directory of its own. */

import { join } from 'node:path';
import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { pathStatus } from '../../files/file-calls.ts';
import { readKept } from '../repository/by-digest.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import type { Centre } from './centre.ts';
import { DigestCache } from './digest-cache.ts';
import { PackageCopies } from './package-copies.ts';
import { Permissions } from './permissions.ts';
import { RootCopies } from './root-copies.ts';
import type { RemoteContext, RemoteSettings } from './settings.ts';
import { StampCopies } from './stamp-copies.ts';

/** A few kilobytes each: some releases of twenty thousand hosts. */
const mostTargetBytes = 256 * 1024 ** 2;

class TargetCopies {
  readonly #cache: DigestCache;
  readonly #directory: string;

  constructor(directory: string, cache: DigestCache) {
    this.#directory = directory;
    this.#cache = cache;
  }

  keep(digest: string, bytes: Buffer): Promise<void> {
    return this.#cache.keep(digest, bytes);
  }

  async read(digest: string): Promise<Buffer | undefined> {
    const path = await this.#cache.find(digest);
    return path === undefined ? undefined : readKept(this.#directory, digest);
  }
}

export interface Copies {
  readonly places: UpdatePlaces;
  readonly roots: RootCopies;
  readonly stamps: StampCopies;
  readonly targets: TargetCopies;
  readonly packages: PackageCopies;
  readonly permissions: Permissions;
}

/** @throws CourierError CONFIG for a directory that others may change, or that holds keys; LOCAL */
export async function openCopies(
  places: UpdatePlaces,
  centre: Centre,
  settings: RemoteSettings,
  { clock, log }: RemoteContext,
): Promise<Copies> {
  await makePrivateDirectory(places.directory);
  await requireNoKeys(places);
  const firstSha256 = settings.updatesFromRoot;
  const roots = await RootCopies.open({ places, centre, clock, firstSha256 });
  const stamps = await StampCopies.open(join(places.directory, 'stamps'), clock);
  const targets = await DigestCache.open(places.targets, mostTargetBytes, log);
  const bounds = { directory: places.packages, mostBytes: settings.updatesCacheSize };
  return {
    ...{ places, roots, stamps },
    targets: new TargetCopies(places.targets, targets),
    packages: await PackageCopies.open(bounds, centre, log),
    permissions: new Permissions(),
  };
}

/** The state of a centre is no cache: packages would be removed from it. */
async function requireNoKeys({ stampKey, directory }: UpdatePlaces): Promise<void> {
  try {
    await pathStatus(stampKey);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  const what = 'the state of agent updates of this site itself';
  throw new CourierError('CONFIG', `${directory} holds ${what}; --updates-cache names another`);
}
