/** Names of hosts for completion in the shell: all that can be found quickly, in every place. */

import { join } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { parsePath } from '../cli/option-types.ts';
import { readDirectory } from '../files/file-calls.ts';
import { receiverPlaces } from '../receiver/options.ts';
import { defaultRoutesPath, loadRoutes } from '../routes/load.ts';
import { parseFileName, shards } from '../spool/names.ts';
import { readHostList } from './host-list.ts';

/** What a command line names instead of the usual places. */
export interface Named {
  readonly routes: string | undefined;
  readonly state: string | undefined;
  readonly spool: string | undefined;
}

/** Sorted; a place that is not there, or not to be trusted, adds none. */
export async function findHostNames(named: Named, env: Environment): Promise<readonly string[]> {
  const found = await Promise.allSettled([
    inRoutes(() => toPath(named.routes) ?? defaultRoutesPath(env)),
    inState(() => receiverPlaces({ state: toPath(named.state) }, env).state()),
    inSpool(() => receiverPlaces({ spool: toPath(named.spool) }, env).spool()),
  ]);
  const names = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  // What a shell puts into a command line has to be harmless there.
  return [...new Set(names)].filter((name) => /^[\w.:-]+$/.test(name)).sort();
}

const toPath = (given: string | undefined) => (given === undefined ? undefined : parsePath(given));

/** Hosts that routes name in full, and those of the collector's host list. */
async function inRoutes(place: () => string): Promise<readonly string[]> {
  const { routes, collector } = await loadRoutes(place());
  const listed = collector.hostList === undefined ? [] : readHostList(collector.hostList);
  return [...routes.flatMap((route) => [...route.hosts.names]), ...listed.map(({ host }) => host)];
}

/** A directory with one file a host, named as the host. */
async function inState(place: () => string): Promise<readonly string[]> {
  const names = await readDirectory(join(place(), 'hosts'));
  return names.filter((name) => /^\w.*\.json$/.test(name)).map((name) => name.slice(0, -5));
}

async function inSpool(place: () => string): Promise<readonly string[]> {
  const directory = place();
  const lists = await Promise.all(
    shards.map((shard) => readDirectory(join(directory, shard)).catch((): string[] => [])),
  );
  return lists.flat().flatMap((name) => parseFileName(name)?.host ?? []);
}
