/** New keys with a passphrase. */

import { CourierError, quote } from '../../faults/errors.ts';
import { toStamp } from '../../sealing/stamp.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { type KeyFile, lockKey } from './key-file.ts';
import { type KeyPair, makeKeyPair } from './key-pair.ts';
import { findKey, keepKey } from './key-ring.ts';
import type { Passphrases } from './passphrases.ts';

/** When a key is to be replaced, unless said otherwise: two years. */
export const keyLifeMs = 730 * 86_400_000;

/** What a new key is called, and when it is made and to be replaced. */
export interface NewKey {
  readonly alias: string;
  readonly nowMs: number;
  readonly lifeMs: number;
}

/**
 * Makes a key and keeps it, wrapped with a passphrase that is asked for.
 *
 * @param pair one that is there already, such as an imported one
 * @throws CourierError USAGE when there is a key of that name
 */
export async function addKey(
  places: UpdatePlaces,
  { alias, nowMs, lifeMs }: NewKey,
  passphrases: Passphrases,
  pair?: KeyPair,
): Promise<KeyFile> {
  if ((await findKey(places, alias)) !== undefined) {
    throw new CourierError('USAGE', `there is a key ${quote(alias)} already; it is kept`);
  }
  const passphrase = await passphrases.choose(alias);
  const created = toStamp(new Date(nowMs));
  const replaceBy = toStamp(new Date(nowMs + lifeMs));
  const made = pair ?? (await makeKeyPair());
  const file = await lockKey(made, { alias, created, replaceBy }, passphrase);
  await keepKey(places, file, true);
  return file;
}
