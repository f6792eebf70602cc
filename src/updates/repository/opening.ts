/** The directories of the state: private, ours, and made when something is first kept in them. */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { makeDirectory, pathStatus } from '../../files/file-calls.ts';
import { withLockFile } from '../../system/lock-file.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import { requireNotMoved } from './moved-state.ts';
import type { UpdatePlaces } from './places.ts';

const others = 0o077;

/**
 * Makes a directory of the state if it is missing.
 *
 * @throws CourierError CONFIG when others may look into it or change it; LOCAL
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  try {
    await makeDirectory(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw asCourierError(error, `making ${path}`);
  }
  await requireTrusted(path);
  const { mode } = await pathStatus(path);
  if ((mode & others) === 0) return;
  throw new CourierError('CONFIG', `others may look into ${path}; chmod 700 ${path}`);
}

/**
 * Changes the state while nobody else does. Signing and packing do not belong in here: whoever
 * waits gives up after 15 seconds.
 *
 * @throws CourierError CONFIG when others may look into it or change it, or it has moved to another
 * server; LOCAL; whatever `work` throws
 */
export async function changeState<Result>(
  places: UpdatePlaces,
  work: () => Promise<Result>,
): Promise<Result> {
  await makePrivateDirectory(places.directory);
  return withLockFile(places.lock, async () => {
    await requireNotMoved(places);
    return work();
  });
}
