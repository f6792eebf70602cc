/** Lays packages on disk: below `baked/` for people, below `packages/` for the server. */

import { join } from 'node:path';
import { asCourierError } from '../../faults/system-errors.ts';
import { writeWholeFile } from '../../files/file-calls.ts';
import { replaceFile } from '../../system/durable-files.ts';
import { toDebName, writeDeb } from '../packages/deb.ts';
import { writeReleasePackage } from '../packages/release-package.ts';
import { keepFile, sha256Of } from '../repository/by-digest.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { type Baked, readBaked, writeAbout } from './baked.ts';
import type { HostRelease } from './release-of.ts';

interface NamedPackage {
  readonly platform: string;
  readonly file: string;
  readonly bytes: Buffer;
}

/**
 * Packs a release unless that was done before, and keeps the packages.
 *
 * @throws CourierError TOO_LARGE; CONFIG when the state is damaged; LOCAL
 */
export async function keepRelease(places: UpdatePlaces, made: HostRelease): Promise<Baked> {
  const { agent, isConfidential, release, scripts } = made;
  const { agentHash, list } = release;
  const known = await readBaked(places, agentHash);
  if (known !== undefined) {
    await Promise.all(known.packages.map(({ file }) => giveOut(places, known, file)));
    return known;
  }
  const releasePackage = writeReleasePackage(release);
  const version = agent.version;
  const deb = writeDeb({ agentHash, version, releasePackage });
  const about = { kind: agent.kind, version, scripts, isConfidential };
  return keepPackages(places, { agentHash, ...about, list }, [
    { platform: 'linux-tgz', file: 'package.tgz', bytes: releasePackage },
    { platform: 'linux-deb', file: toDebName({ agentHash, version }), bytes: deb },
  ]);
}

export interface Keepable {
  readonly agentHash: string;
  readonly kind: Baked['agent']['kind'];
  readonly version: string;
  readonly scripts: readonly string[];
  readonly isConfidential: boolean;
  /** Of its own files; packages of others have none. */
  readonly list: string | undefined;
}

/** @throws CourierError LOCAL */
export async function keepPackages(
  places: UpdatePlaces,
  { agentHash, kind, version, scripts, isConfidential, list }: Keepable,
  packages: readonly NamedPackage[],
): Promise<Baked> {
  const directory = join(places.baked, agentHash);
  for (const path of [places.directory, places.baked, directory]) await makePrivateDirectory(path);
  if (list !== undefined) await replaceFile(join(directory, 'FILES'), list);
  for (const { file, bytes } of packages) {
    const path = join(directory, file);
    await writeWholeFile(path, bytes, { mode: 0o600, flush: true }).catch((error: unknown) => {
      throw asCourierError(error, `writing ${path}`);
    });
  }
  const baked: Baked = {
    format: 1,
    agentHash,
    agent: { kind, version },
    scripts: [...scripts],
    confidential: isConfidential,
    packages: packages.map(({ platform, file, bytes }) => {
      return { platform, file, size: bytes.length, sha256: sha256Of(bytes) };
    }),
  };
  for (const { file } of packages) await giveOut(places, baked, file);
  await writeAbout(directory, baked);
  return baked;
}

/** The mark is there before the package, so that no moment is without it. */
async function giveOut(places: UpdatePlaces, baked: Baked, file: string): Promise<void> {
  await makePrivateDirectory(places.packages);
  const { sha256: digest } = baked.packages.find((packed) => packed.file === file) ?? {};
  if (baked.confidential && digest !== undefined) {
    await replaceFile(join(places.packages, `${digest}.confidential`), '');
  }
  await keepFile(places.packages, join(places.baked, baked.agentHash, file));
}
