/** The stamp key: the one private key that lies bare on the server, for its own user alone. */

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readWholeFile, remove, renameFile } from '../../files/file-calls.ts';
import { readPublicKey } from '../../sealing/keys.ts';
import { replaceFile } from '../../system/durable-files.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import type { Root } from '../documents/root.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { type KeyPair, makeKeyPair } from './key-pair.ts';

const others = 0o077;

/**
 * Reads the stamp key.
 *
 * @throws CourierError CONFIG when others may read or change it, or it is none; LOCAL
 */
export async function readStampKey({ stampKey }: Pick<UpdatePlaces, 'stampKey'>): Promise<KeyPair> {
  await requireTrusted(stampKey);
  let pem: string;
  try {
    if (((await pathStatus(stampKey)).mode & others) !== 0) {
      throw new CourierError('CONFIG', `others may read ${stampKey}; chmod 600 ${stampKey}`);
    }
    pem = await readWholeFile(stampKey, 'utf8');
  } catch (error) {
    throw asCourierError(error, `reading ${stampKey}`);
  }
  const key = toPrivateKey(pem, stampKey);
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return { ...(await readPublicKey(der)), key };
}

function toPrivateKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new CourierError('CONFIG', `${path} holds no private key`, { cause: error });
  }
}

/** A key pair that is to become the stamp key once a root trusts it: it lies beside it until then. */
export function nextStampKeyPath({ stampKey }: UpdatePlaces): string {
  return `${stampKey}.next`;
}

/** @throws CourierError LOCAL */
export async function makeStampKey(path: string): Promise<KeyPair> {
  const pair = await makeKeyPair();
  await replaceFile(path, pair.key.export({ type: 'pkcs8', format: 'pem' }).toString());
  return pair;
}

/** Puts the key pair that waits in the place of the stamp key, if a root trusts it for stamps. */
export async function takeNextStampKey(places: UpdatePlaces, root: Root): Promise<void> {
  const path = nextStampKeyPath(places);
  if (!(await isThere(path))) return;
  const { id } = await readStampKey({ stampKey: path });
  const isTrusted = root.keys.some((key) => key.id === id && key.roles.includes('stamp'));
  if (!isTrusted) return;
  await renameFile(path, places.stampKey).catch((error: unknown) => {
    // Server and administrator may do it at the same time.
    if (errorCode(error) === 'ENOENT') return;
    throw asCourierError(error, `writing ${places.stampKey}`);
  });
}

/** Forgets a key pair that waits. */
export async function dropNextStampKey(places: UpdatePlaces): Promise<void> {
  await remove(nextStampKeyPath(places), { force: true });
}

async function isThere(path: string): Promise<boolean> {
  return pathStatus(path).then(
    () => true,
    () => false,
  );
}
