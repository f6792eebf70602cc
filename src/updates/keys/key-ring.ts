/** The private keys that are kept here, by their aliases. */

import { join } from 'node:path';
import { CourierError, prefixError, quote } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readDirectory, readWholeFile } from '../../files/file-calls.ts';
import { suggest } from '../../names/nearest.ts';
import { replaceFile } from '../../system/durable-files.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { aliasText, type KeyFile, readKeyFile, writeKeyFile } from './key-file.ts';

const ending = '.key';

/**
 * All keys that are kept here, by alias.
 *
 * @throws CourierError CONFIG when others may change one, or one is damaged; LOCAL
 */
export async function listKeys({ keys }: UpdatePlaces): Promise<readonly KeyFile[]> {
  let names: readonly string[];
  try {
    names = await readDirectory(keys);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw asCourierError(error, `reading ${keys}`);
  }
  const paths = names.filter((name) => name.endsWith(ending)).sort();
  return Promise.all(paths.map((name) => readKey(join(keys, name))));
}

async function readKey(path: string): Promise<KeyFile> {
  await requireTrusted(path);
  try {
    return await readKeyFile(await readWholeFile(path));
  } catch (error) {
    if (!(error instanceof CourierError)) throw asCourierError(error, `reading ${path}`);
    throw prefixError(new CourierError('CONFIG', error.message, { cause: error }), path);
  }
}

/**
 * The key of an alias; undefined where none is kept here.
 *
 * @throws CourierError as {@link listKeys}; USAGE for what cannot be an alias
 */
export async function findKey(places: UpdatePlaces, alias: string): Promise<KeyFile | undefined> {
  const path = pathOfKey(places, alias);
  try {
    await pathStatus(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw asCourierError(error, `reading ${path}`);
  }
  return readKey(path);
}

/** @throws CourierError as {@link findKey}; USAGE where no such key is kept here */
export async function requireKey(places: UpdatePlaces, alias: string): Promise<KeyFile> {
  const found = await findKey(places, alias);
  if (found !== undefined) return found;
  const known = (await listKeys(places)).map((key) => key.alias);
  const hint = known.length === 0 ? `none is in ${places.keys}` : suggest(alias, known);
  throw new CourierError('USAGE', `there is no key ${quote(alias)} here; ${hint}`);
}

/**
 * Keeps a key under its alias.
 *
 * @param isNew whether it must not be there yet
 * @throws CourierError USAGE when it is there; LOCAL
 */
export async function keepKey(places: UpdatePlaces, key: KeyFile, isNew: boolean): Promise<void> {
  const path = pathOfKey(places, key.alias);
  await makePrivateDirectory(places.directory);
  await makePrivateDirectory(places.keys);
  if (isNew && (await findKey(places, key.alias)) !== undefined) {
    throw new CourierError('USAGE', `there is a key ${quote(key.alias)} already; it is kept`);
  }
  await replaceFile(path, writeKeyFile(key));
}

/** @throws CourierError USAGE for what cannot be an alias */
function pathOfKey({ keys }: UpdatePlaces, alias: string): string {
  return join(keys, `${parseAlias(alias)}${ending}`);
}

/** @throws CourierError USAGE */
export function parseAlias(text: string): string {
  if (aliasText.test(text)) return text;
  const wanted = 'up to 40 letters, digits, `_`, `.` and `-`';
  throw new CourierError('USAGE', `an alias is ${wanted}, not ${quote(text)}`);
}
