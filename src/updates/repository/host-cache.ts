/** The hosts of the site's Setup as they were when it was asked last. */

import { z } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import { isHostName } from '../../names/host-name.ts';
import { readTextFileIfThere, replaceFile } from '../../system/durable-files.ts';
import { makePrivateDirectory } from './opening.ts';
import type { UpdatePlaces } from './places.ts';

const cacheShape = z.strictObject({
  /** ISO 8601. */
  askedAt: z.iso.datetime(),
  hosts: z
    .array(
      z.strictObject({
        host: z.string().refine(isHostName, 'no name of a host'),
        tags: z.array(z.string()).readonly(),
        labels: z.array(z.string()).readonly(),
        folder: z.string().optional(),
        site: z.string().optional(),
      }),
    )
    .readonly(),
});

export type HostCache = z.infer<typeof cacheShape>;

/**
 * Undefined where the site has never been asked.
 *
 * @throws CourierError CONFIG when it is damaged, or others may change it; LOCAL
 */
export async function readHostCache({ siteHosts }: UpdatePlaces): Promise<HostCache | undefined> {
  const text = await readTextFileIfThere(siteHosts);
  if (text === '') return undefined;
  try {
    return cacheShape.parse(JSON.parse(text));
  } catch (error) {
    const how = 'is damaged; `cmk-courier updates bake` writes it anew';
    throw new CourierError('CONFIG', `${siteHosts} ${how}`, { cause: error });
  }
}

/** @throws CourierError LOCAL */
export async function writeHostCache(places: UpdatePlaces, cache: HostCache): Promise<void> {
  await makePrivateDirectory(places.directory);
  await replaceFile(places.siteHosts, `${JSON.stringify(cache)}\n`);
}
