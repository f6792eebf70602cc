/**
 * Which site serves which hosts: a site is a server of the root, and the first site with a pattern
 * that fits a host is its own.
 */

import { CourierError, quote } from '../../faults/errors.ts';
import { remove } from '../../files/file-calls.ts';
import { globMatcher } from '../../names/glob.ts';
import type { HostName } from '../../names/host-name.ts';
import { PayloadReader, writePayload } from '../../sealing/payload.ts';
import { findTextFile, replaceFile } from '../../system/durable-files.ts';
import { serverText } from '../documents/root.ts';
import { makePrivateDirectory } from './opening.ts';
import type { UpdatePlaces } from './places.ts';
import { WatchedFile } from './watched-file.ts';

export interface UpdateSite {
  readonly name: string;
  /** As in the root. */
  readonly server: string;
  /** Names of hosts, with `*`, `?` and `[…]`. */
  readonly patterns: readonly string[];
}

const siteNameText = /^[A-Za-z0-9_][\w.-]{0,60}$/;
/** No blank, and nothing that could not be part of a name but what a pattern needs. */
const hostPatternText = /^[\w.:%*?[\]!-]{1,240}$/;

/** In the order in which they are asked for; none where there is no file. */
export async function readSites({ sites }: UpdatePlaces): Promise<readonly UpdateSite[]> {
  const text = await findTextFile(sites);
  if (text === undefined) return [];
  const reader = new PayloadReader(Buffer.from(text, 'latin1'));
  const found: UpdateSite[] = [];
  while (!reader.isAtEnd) found.push(readSite(reader));
  return found;
}

function readSite(reader: PayloadReader): UpdateSite {
  const name = reader.take('site', siteNameText);
  const server = reader.take('server', serverText);
  const patterns: string[] = [];
  while (reader.isNext('hosts')) patterns.push(reader.take('hosts', hostPatternText));
  return { name, server, patterns };
}

/** @throws CourierError LOCAL */
export async function writeSites(
  { directory, sites: path }: UpdatePlaces,
  sites: readonly UpdateSite[],
): Promise<void> {
  await makePrivateDirectory(directory);
  if (sites.length === 0) return remove(path, { force: true });
  const fields = sites.flatMap(({ name, server, patterns }) => [
    ['site', name] as const,
    ['server', server] as const,
    ...patterns.map((pattern) => ['hosts', pattern] as const),
  ]);
  await replaceFile(path, writePayload(fields).toString('latin1'));
}

/** The first one that fits. */
export function findSite(sites: readonly UpdateSite[], host: string): UpdateSite | undefined {
  return sites.find(({ patterns }) => patterns.some((pattern) => globMatcher(pattern)(host)));
}

/** What the server asks for each host, read again whenever it has changed. */
export class SitesOfHosts {
  readonly #file: WatchedFile<readonly UpdateSite[]>;

  constructor(places: UpdatePlaces) {
    this.#file = new WatchedFile(places.sites, () => readSites(places));
  }

  /** @throws CourierError MALFORMED or CONFIG when the file is damaged, or others may change it; LOCAL */
  async of(host: HostName): Promise<UpdateSite | undefined> {
    return findSite(await this.#file.read(), host);
  }
}

/** @throws CourierError USAGE for what could not be read again */
export function requireSite({ name, patterns }: UpdateSite): void {
  if (!siteNameText.test(name)) {
    throw new CourierError('USAGE', `not a name of a site: ${quote(name)}`);
  }
  const wrong = patterns.find((pattern) => !hostPatternText.test(pattern));
  if (wrong === undefined) return;
  throw new CourierError('USAGE', `not a name of hosts, with * and ?: ${quote(wrong)}`);
}
