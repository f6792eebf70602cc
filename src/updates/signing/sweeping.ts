/** Takes away what no host asks for any more, so that the state does not grow with every release. */

import { join } from 'node:path';
import { errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readDirectory, remove } from '../../files/file-calls.ts';
import { readHostTargets } from '../repository/host-targets.ts';
import type { UpdatePlaces } from '../repository/places.ts';

/** A host that was told of a target may fetch it later, and people carry batches about. */
const keptMs = { targets: 7 * 86_400_000, batches: 90 * 86_400_000 } as const;

/**
 * Removes targets that are neither published nor signed, and batches that nobody brought back. What
 * cannot be removed stays for the next time.
 */
export async function sweep(places: UpdatePlaces, nowMs: number): Promise<void> {
  const lists = [await readHostTargets(places.published), await readHostTargets(places.signed)];
  const used = new Set(lists.flatMap((list) => [...list.values()].map((one) => one.targetSha256)));
  await removeOld(places.targets, used, nowMs - keptMs.targets);
  await removeOld(places.batches, new Set(), nowMs - keptMs.batches);
}

async function removeOld(
  directory: string,
  used: ReadonlySet<string>,
  beforeMs: number,
): Promise<void> {
  const names = await readDirectory(directory).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  for (const name of names.filter((one) => !used.has(one))) {
    const path = join(directory, name);
    const stats = await pathStatus(path).catch(() => undefined);
    if (stats !== undefined && stats.mtimeMs < beforeMs) {
      await remove(path, { force: true }).catch(() => undefined);
    }
  }
}
