/** Batches that were made here: what comes back has to be one of them. */

import { join } from 'node:path';
import { CourierError, prefixError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readDirectory, readWholeFile, remove } from '../../files/file-calls.ts';
import { replaceFile } from '../../system/durable-files.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { type Batch, mostBatchBytes, readBatch, writeBatch } from './batch.ts';

const ending = '.batch';

/** Keeps a batch, with the signatures it has. @throws CourierError LOCAL */
export async function keepBatch({ batches }: UpdatePlaces, batch: Batch): Promise<void> {
  await makePrivateDirectory(batches);
  await replaceFile(join(batches, `${batch.id}${ending}`), writeBatch(batch).toString('latin1'));
}

/**
 * The batch of an id, as it was made here; undefined where none was.
 *
 * @throws CourierError CONFIG when it is damaged, or others may change it; LOCAL
 */
export async function findBatch({ batches }: UpdatePlaces, id: string): Promise<Batch | undefined> {
  const path = join(batches, `${id}${ending}`);
  try {
    await pathStatus(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw asCourierError(error, `reading ${path}`);
  }
  await requireTrusted(path);
  return readBatchFile(path);
}

/** All batches that wait for signatures. */
export async function listBatches(places: UpdatePlaces): Promise<readonly Batch[]> {
  const names = await readDirectory(places.batches).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw asCourierError(error, `reading ${places.batches}`);
  });
  const ids = names.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -6));
  const batches = await Promise.all(ids.map((id) => findBatch(places, id)));
  return batches.filter((batch) => batch !== undefined);
}

/** Fine when it is gone already. */
export async function dropBatch({ batches }: UpdatePlaces, id: string): Promise<void> {
  await remove(join(batches, `${id}${ending}`), { force: true });
}

/**
 * A batch from a file that somebody brought.
 *
 * @throws CourierError TOO_LARGE; MALFORMED; LOCAL
 */
export async function readBatchFile(path: string): Promise<Batch> {
  let bytes: Buffer;
  try {
    const { size } = await pathStatus(path);
    if (size > mostBatchBytes) {
      throw new CourierError('TOO_LARGE', `${path} has ${size} bytes, more than any batch`);
    }
    bytes = await readWholeFile(path);
  } catch (error) {
    throw asCourierError(error, `reading ${path}`);
  }
  try {
    return readBatch(bytes);
  } catch (error) {
    throw error instanceof CourierError ? prefixError(error, path) : error;
  }
}
