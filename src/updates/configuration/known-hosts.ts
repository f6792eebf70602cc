/** Which hosts there are, with tags and labels: from a file, or as the site has them in Setup. */

import { z } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import { isHostName } from '../../names/host-name.ts';
import { readHostsInList } from '../../routes/host-list.ts';
import type { RestApi } from '../../setup/rest/rest-api.ts';
import { type Memory, withMemory } from './remembered-hosts.ts';
import type { KnownHost, Updates } from './rules.ts';

/**
 * All hosts, sorted by name. Without a file the site is asked.
 *
 * @param connect to the site; called only where it is asked
 * @param memory for what the site says; nothing is remembered without it
 * @throws CourierError CONFIG about the file, or when there is neither file nor site; faults of the
 * REST API
 */
export async function readKnownHosts(
  { hostList }: Updates,
  connect: () => Promise<RestApi>,
  memory?: Memory,
): Promise<readonly KnownHost[]> {
  const ask = () => askSite(connect);
  const hosts =
    hostList !== undefined
      ? readList(hostList)
      : memory === undefined
        ? await ask()
        : await withMemory(ask, memory);
  return hosts.toSorted((one, other) => (one.host < other.host ? -1 : 1));
}

/** A word with a colon is a label, with a slash in front a folder, with `@` a site; no tag is any of it. */
export function readList(path: string): readonly KnownHost[] {
  const hosts = new Map<string, KnownHost>();
  for (const { host, tags: words } of readHostsInList(path)) {
    if (hosts.has(host)) throw new CourierError('CONFIG', `${path}: ${host} is there twice`);
    hosts.set(host, {
      host,
      tags: words.filter((word) => !/^[/@]|:/.test(word)),
      labels: words.filter((word) => word.includes(':') && !/^[/@]/.test(word)),
      folder: words.find((word) => word.startsWith('/')),
      site: words.find((word) => word.startsWith('@'))?.slice(1),
    });
  }
  return [...hosts.values()];
}

/**
 * Effective attributes have what folders hand down. Labels that hosts tell of themselves are not
 * among them, so that no host can choose its release (rest-api.md#hosts).
 */
const answered = z.object({
  value: z.array(
    z.object({
      id: z.string(),
      extensions: z.object({
        folder: z.string().optional(),
        effective_attributes: z.record(z.string(), z.unknown()),
      }),
    }),
  ),
});

const labelsIn = z.record(z.string(), z.string());

async function askSite(connect: () => Promise<RestApi>): Promise<readonly KnownHost[]> {
  const path = '/domain-types/host_config/collections/all?effective_attributes=true';
  const api = await connect();
  const { content } = await api.ask({ method: 'GET', path, doing: 'listing the hosts' });
  const read = answered.safeParse(content);
  if (!read.success) {
    throw new CourierError('PEER', 'listing the hosts: the answer is not as expected');
  }
  return read.data.value.flatMap(({ id, extensions }) => {
    const { effective_attributes: attributes, folder } = extensions;
    return isHostName(id) ? [{ host: id, folder, ...readAttributes(attributes) }] : [];
  });
}

function readAttributes(attributes: Readonly<Record<string, unknown>>) {
  const tags = Object.entries(attributes).flatMap(([name, value]) => {
    return name.startsWith('tag_') && typeof value === 'string' ? [value] : [];
  });
  const labels = labelsIn.safeParse(attributes['labels']);
  const pairs = labels.success ? Object.entries(labels.data) : [];
  const site = typeof attributes['site'] === 'string' ? attributes['site'] : undefined;
  return { site, tags, labels: pairs.map(([name, value]) => `${name}:${value}`) };
}
