/** The spool, as it lies on disk. */

import { join } from 'node:path';
import { readDirectory } from '../../../files/file-calls.ts';
import { counted } from '../../../names/counted.ts';
import { brokenDirectory, parseFileName, shards } from '../../../spool/names.ts';
import {
  doubtful,
  fine,
  type SiteFinding,
  type SiteScene,
  type SiteStep,
  unknown,
} from '../scene.ts';

export const spool: SiteStep = {
  id: 'spool',
  side: 'site',
  title: 'the spool',
  needs: ['places'],
  run: async (scene, _learned, signal) => lookAtSpool(scene, signal),
};

async function lookAtSpool({ places }: SiteScene, signal: AbortSignal): Promise<SiteFinding> {
  const directory = places.spool;
  if (directory === undefined) return unknown('neither OMD_ROOT nor HOME is set');
  const hosts = new Set<string>();
  let foreign = 0;
  let isThere = false;
  for (const shard of shards) {
    signal.throwIfAborted();
    const names = await readDirectory(join(directory, shard)).catch(() => undefined);
    isThere ||= names !== undefined;
    for (const name of names ?? []) {
      const host = parseFileName(name)?.host;
      if (host !== undefined) hosts.add(host);
      else if (!name.startsWith('.')) foreign += 1;
    }
  }
  if (!isThere) return fine('there is none yet', { directory });
  const broken = (await readDirectory(join(directory, brokenDirectory)).catch(() => [])).length;
  const facts = { directory, hosts: hosts.size, foreign, broken };
  if (foreign > 0 || broken > 0) {
    const text = `${hosts.size} hosts; ${foreign + broken} files are torn or no output`;
    return doubtful('own-spool-broken', { text, facts });
  }
  return fine(`output of ${counted(hosts.size, 'host')}`, facts);
}
