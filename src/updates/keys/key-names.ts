/** Names of keys: of those kept here, and of public keys that were taken over from elsewhere. */

import { basename, join } from 'node:path';
import { CourierError, quote } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readDirectory, readWholeFile } from '../../files/file-calls.ts';
import { fingerprintOf, type PublicKey, readPublicKey } from '../../sealing/keys.ts';
import { replaceFile } from '../../system/durable-files.ts';
import type { Root } from '../documents/root.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { aliasText } from './key-file.ts';
import { listKeys } from './key-ring.ts';

const publicEnding = '.pub';

/** Largest file that is read as a public key. */
const mostBytes = 64 * 1024;

/** A key by whatever it was named. */
export interface NamedKey {
  readonly name: string | undefined;
  readonly id: string;
  readonly der: Buffer;
}

/** All keys that have a name here, private ones first. */
export async function listNamedKeys(places: UpdatePlaces): Promise<readonly NamedKey[]> {
  const own = (await listKeys(places)).map(({ alias, id, der }) => ({ name: alias, id, der }));
  const names = await readDirectory(places.keys).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw asCourierError(error, `reading ${places.keys}`);
  });
  const others = await Promise.all(
    names
      .filter((name) => name.endsWith(publicEnding))
      .sort()
      .map(async (name) => {
        const { id, der } = await readPublicFile(join(places.keys, name));
        return { name: name.slice(0, -publicEnding.length), id, der };
      }),
  );
  return [...own, ...others.filter(({ id }) => !own.some((key) => key.id === id))];
}

/** Names by ids. */
export async function keyNames(places: UpdatePlaces): Promise<ReadonlyMap<string, string>> {
  const named = await listNamedKeys(places);
  return new Map(named.map(({ id, name }) => [id, name ?? '']));
}

/**
 * The key that is meant: by its name here, its fingerprint or id in the root, or a file with the
 * public key.
 *
 * @throws CourierError USAGE when none is found; MALFORMED, REFUSED for a file with no good key
 */
export async function findMeantKey(
  places: UpdatePlaces,
  text: string,
  root: Root | undefined,
): Promise<NamedKey> {
  const named = await listNamedKeys(places);
  const all: readonly NamedKey[] = [
    ...named,
    ...(root?.keys ?? []).map(({ id, der }) => ({ name: undefined, id, der })),
  ];
  const found = all.find(
    ({ name, id }) => name === text || id === text || fingerprintOf(id) === text,
  );
  if (found !== undefined) return found;
  if (!(await isFile(text))) {
    const known = named.map(({ name }) => name).join(', ');
    const there = known === '' ? '' : `; there are ${known}`;
    throw new CourierError('USAGE', `${quote(text)} is no key here and no file${there}`);
  }
  const { id, der } = await readPublicFile(text);
  const name = basename(text).replace(/\.(?:pub|pem|key)$/, '');
  return { name: aliasText.test(name) ? name : undefined, id, der };
}

/** Remembers what a public key is called. */
export async function keepPublicKey(places: UpdatePlaces, key: NamedKey): Promise<void> {
  const { name, der } = key;
  const named = await listNamedKeys(places);
  if (name === undefined || named.some((one) => one.id === key.id || one.name === name)) return;
  await makePrivateDirectory(places.keys);
  const { key: publicKey } = await readPublicKey(der);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  await replaceFile(join(places.keys, `${name}${publicEnding}`), pem);
}

async function isFile(path: string): Promise<boolean> {
  return pathStatus(path).then(
    (stats) => stats.isFile() && stats.size <= mostBytes,
    () => false,
  );
}

async function readPublicFile(path: string): Promise<PublicKey> {
  const bytes = await readWholeFile(path).catch((error: unknown) => {
    throw asCourierError(error, `reading ${path}`);
  });
  return readPublicKey(bytes);
}
