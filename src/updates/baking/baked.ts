/** What `bake` and `import-package` leave below `baked/`: packages, and what they are. */

import { join } from 'node:path';
import { z } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { readDirectory } from '../../files/file-calls.ts';
import { readTextFile, replaceFile } from '../../system/durable-files.ts';
import { agentVersionText, mostPackageBytes, platformText } from '../documents/target.ts';
import { agentHashText, digestText } from '../documents/words.ts';
import type { UpdatePlaces } from '../repository/places.ts';

const packed = z.strictObject({
  platform: z.string().regex(platformText),
  /** Beside about.json. */
  file: z.string().regex(/^[\w.,:@%+=~-]+$/),
  size: z.int().min(1).max(mostPackageBytes),
  sha256: z.string().regex(digestText),
});

const about = z.strictObject({
  format: z.literal(1),
  agentHash: z.string().regex(agentHashText),
  agent: z.strictObject({
    kind: z.enum(['checkmk', 'courier-agent', 'file', 'foreign']),
    version: z.string().regex(agentVersionText),
  }),
  /** Paths of plug-ins and local checks. */
  scripts: z.array(z.string()),
  confidential: z.boolean(),
  packages: z.array(packed).min(1),
});

/** A release, or a package that somebody else made, as it lies on disk. */
export type Baked = z.infer<typeof about>;
export type PackedFile = z.infer<typeof packed>;

/**
 * One of them; undefined where there is none of that hash.
 *
 * @throws CourierError CONFIG when it is damaged, or others may change it; LOCAL
 */
export async function readBaked(
  { baked }: UpdatePlaces,
  agentHash: string,
): Promise<Baked | undefined> {
  const path = join(baked, agentHash, 'about.json');
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || isMissing(error)) return undefined;
    throw error;
  }
  try {
    return about.parse(JSON.parse(text));
  } catch (error) {
    const how = `is damaged; remove ${join(baked, agentHash)} and bake again`;
    throw new CourierError('CONFIG', `${path} ${how}`, { cause: error });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof CourierError && errorCode(error.cause) === 'ENOENT';
}

/** All of them, sorted by hash. @throws CourierError as {@link readBaked} */
export async function readAllBaked(places: UpdatePlaces): Promise<readonly Baked[]> {
  const names = await readDirectory(places.baked).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw asCourierError(error, `reading ${places.baked}`);
  });
  const hashes = names.filter((name) => agentHashText.test(name)).sort();
  const all = await Promise.all(hashes.map((hash) => readBaked(places, hash)));
  return all.filter((baked) => baked !== undefined);
}

/** Written last: what has it is complete. @throws CourierError LOCAL */
export async function writeAbout(directory: string, content: Baked): Promise<void> {
  await replaceFile(
    join(directory, 'about.json'),
    `${JSON.stringify(about.parse(content), null, 1)}\n`,
  );
}
