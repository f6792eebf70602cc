/** Every root there ever was: hosts of any age find their way from theirs to the newest. */

import { join } from 'node:path';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readDirectory, readWholeFile } from '../../files/file-calls.ts';
import { replaceFile } from '../../system/durable-files.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import { type Root, readRoot } from '../documents/root.ts';
import { splitDocument } from '../documents/verifying.ts';
import { makePrivateDirectory } from './opening.ts';
import type { UpdatePlaces } from './places.ts';

/** A root as it is on disk. */
export interface RootFile {
  readonly root: Root;
  /** The whole file, signatures included. */
  readonly bytes: Buffer;
}

/** The newest version; 0 where there is no root yet. */
export async function newestRootVersion({ roots }: UpdatePlaces): Promise<number> {
  try {
    const versions = (await readDirectory(roots)).map((name) =>
      Number(/^([1-9]\d{0,14})\.root$/.exec(name)?.[1] ?? 0),
    );
    return Math.max(0, ...versions);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw asCourierError(error, `reading ${roots}`);
  }
}

/**
 * The bytes of one version; undefined where there is none.
 *
 * @throws CourierError CONFIG when others may change it; LOCAL
 */
export async function readRootBytes(
  { roots }: UpdatePlaces,
  version: number,
): Promise<Buffer | undefined> {
  const path = join(roots, `${version}.root`);
  await requireTrusted(path);
  try {
    return await readWholeFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw asCourierError(error, `reading ${path}`);
  }
}

/**
 * One version, which was verified when it was kept; undefined where there is none.
 *
 * @throws CourierError CONFIG when others may change it; MALFORMED; LOCAL
 */
export async function readRootFile(
  places: UpdatePlaces,
  version: number,
): Promise<RootFile | undefined> {
  const bytes = await readRootBytes(places, version);
  if (bytes === undefined) return undefined;
  return { root: await readRoot(splitDocument(bytes, 'root').payload), bytes };
}

/**
 * The newest root.
 *
 * @throws CourierError CONFIG where there is none yet; as {@link readRootFile}
 */
export async function requireNewestRoot(places: UpdatePlaces): Promise<RootFile> {
  const found = await readRootFile(places, await newestRootVersion(places));
  if (found !== undefined) return found;
  const how = '`cmk-courier updates root init --server=URL` makes the first one';
  throw new CourierError('CONFIG', `there is no root in ${places.roots} yet; ${how}`);
}

/**
 * Keeps a root that has been verified. One that is there is never replaced.
 *
 * @throws CourierError CONFIG; LOCAL
 */
export async function keepRoot(
  { roots }: UpdatePlaces,
  { root: { version }, bytes }: RootFile,
): Promise<void> {
  const path = join(roots, `${version}.root`);
  await makePrivateDirectory(roots);
  if (await isThere(path)) throw new CourierError('CONFIG', `${path} is there already`);
  await replaceFile(path, bytes.toString('latin1'));
}

async function isThere(path: string): Promise<boolean> {
  try {
    await pathStatus(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw asCourierError(error, `reading ${path}`);
  }
}
