/** The keys kept here that may sign, unlocked with their passphrases. */

import type { KeyObject } from 'node:crypto';
import { CourierError } from '../../faults/errors.ts';
import { listKeys, requireKey } from '../keys/key-ring.ts';
import { unlockNamed } from '../keys/moving.ts';
import type { Passphrases } from '../keys/passphrases.ts';
import type { UpdatePlaces } from '../repository/places.ts';

/** A key that is ready to sign. */
export interface Signer {
  readonly alias: string;
  readonly id: string;
  readonly key: KeyObject;
}

/**
 * Unlocks the keys that are kept here and may sign.
 *
 * @param aliases only these; all that may sign where there are none
 * @param mayCount ids of keys whose signatures count
 * @throws CourierError REFUSED for a wrong passphrase; USAGE for a key that is not here or may not
 * sign; CONFIG; LOCAL
 */
export async function unlockSigners(
  places: UpdatePlaces,
  aliases: readonly string[],
  mayCount: ReadonlySet<string>,
  passphrases: Passphrases,
): Promise<readonly Signer[]> {
  const named = await Promise.all(aliases.map((alias) => requireKey(places, alias)));
  const stray = named.find(({ id }) => !mayCount.has(id));
  if (stray !== undefined) {
    throw new CourierError('USAGE', `the signature of ${stray.alias} would not count here`);
  }
  const all = named.length > 0 ? named : await listKeys(places);
  const signers: Signer[] = [];
  for (const file of all.filter(({ id }) => mayCount.has(id))) {
    const { alias, id } = file;
    const key = await unlockNamed(file, await passphrases.of(alias));
    signers.push({ alias, id, key });
  }
  return signers;
}
