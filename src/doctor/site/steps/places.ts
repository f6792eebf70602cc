/** Directories and files that decide what is believed, and those that are written to. */

import { constants } from 'node:fs';
import { dirname } from 'node:path';
import { fileSystemStatus, linkStatus, requireAccess } from '../../../files/file-calls.ts';
import { requireTrusted } from '../../../system/trusted-path.ts';
import { fine, type SiteFinding, type SiteScene, type SiteStep, unknown, wrong } from '../scene.ts';

export const places: SiteStep = {
  id: 'places',
  side: 'site',
  title: 'directories and their rights',
  needs: [],
  run: lookAtPlaces,
};

async function lookAtPlaces({ places: all }: SiteScene): Promise<SiteFinding> {
  const { routes, receiverConfig, ready, spool, state, certificates } = all;
  const written = [ready, spool, state].filter((path) => path !== undefined);
  const read = [routes, receiverConfig, certificates].filter((path) => path !== undefined);
  const there: string[] = [];
  for (const path of [...read, ...written]) if (await isThere(path)) there.push(path);
  const facts = { there };
  for (const path of there) {
    try {
      await requireTrusted(path);
    } catch (error) {
      const text = `others may change ${path}, so it is not believed`;
      return wrong('own-place-open', { text, facts, error });
    }
  }
  for (const path of written.filter((one) => there.includes(one))) {
    const error = await requireAccess(path, constants.W_OK | constants.X_OK).then(
      () => undefined,
      (why: unknown) => why,
    );
    if (error === undefined) continue;
    const text = `we may not write to ${path}`;
    return wrong('own-place-unwritable', { text, facts, error });
  }
  if (there.length === 0) return fine('nothing is set up yet: no routes, no spool, no receiver');
  return fine(`${there.length} there, all ours alone`, facts);
}

async function isThere(path: string): Promise<boolean> {
  return linkStatus(path).then(
    () => true,
    () => false,
  );
}

export const room: SiteStep = {
  id: 'room',
  side: 'site',
  title: 'room on disk and in memory',
  needs: [],
  run: lookAtRoom,
};

/** Below this much the next large output may not fit. */
const leastBytes = 64 * 1024 * 1024;
/** What a file system says it is when it is in memory (statfs(2)). */
const tmpfsMagic = 0x01021994;

async function lookAtRoom({ places: all }: SiteScene): Promise<SiteFinding> {
  const facts: Record<string, number | boolean> = {};
  for (const [name, path] of [
    ['spool', all.spool],
    ['ready', all.ready],
  ] as const) {
    const stats = path && (await statfsAbove(path));
    if (!stats) continue;
    const free = Number(stats.bavail) * Number(stats.bsize);
    const isInMemory = Number(stats.type) === tmpfsMagic;
    facts[`${name}_free`] = free;
    facts[`${name}_in_memory`] = isInMemory;
    const hasNoNames = stats.files > 0 && stats.ffree === 0;
    if (free >= leastBytes && !hasNoNames) continue;
    const what = hasNoNames ? 'no inode is left' : `only ${Math.floor(free / 1024)} KiB are left`;
    const code = name === 'ready' && isInMemory ? 'own-memory-full' : 'own-disk-full';
    return wrong(code, { text: `${what} for ${path}`, facts });
  }
  if (Object.keys(facts).length === 0) return unknown('neither spool nor ready directory is known');
  return fine('there is room', facts);
}

/** Of the directory, or of the one that it would be made in. */
async function statfsAbove(path: string) {
  for (let at = path; ; at = dirname(at)) {
    const stats = await fileSystemStatus(at).catch(() => undefined);
    if (stats !== undefined || at === dirname(at)) return stats;
  }
}
