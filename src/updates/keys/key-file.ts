/** A private key on disk: what can be read without the passphrase, and the rest. */

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { CourierError } from '../../faults/errors.ts';
import { readPublicKey } from '../../sealing/keys.ts';
import { type Field, PayloadReader, writePayload } from '../../sealing/payload.ts';
import { isStamp } from '../../sealing/stamp.ts';
import type { Secret } from '../../secrets/secrets.ts';
import { fewestLegacyBits, type KeyPair } from './key-pair.ts';
import { unwrapBytes, type Wrapped, wrapBytes, wrappingName } from './wrapping.ts';

const format = 'cmk-courier-key/1';

/** What a key file says to everybody. */
export interface KeyFile {
  readonly alias: string;
  /** Of the public half. */
  readonly id: string;
  readonly der: Buffer;
  readonly bits: number;
  /** Stamps: when it was made, and when it is to be replaced. */
  readonly created: string;
  readonly replaceBy: string;
  readonly wrapped: Wrapped;
}

export const aliasText = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/;

/** All that is covered by the passphrase without being hidden. */
type About = Pick<KeyFile, 'alias' | 'id' | 'der' | 'created' | 'replaceBy'>;

function aboutFields({ alias, id, der, created, replaceBy }: About): readonly Field[] {
  return [
    ['format', format],
    ['alias', alias],
    ['key', id],
    ['public', der],
    ['created', created],
    ['replace-by', replaceBy],
    ['wrapping', wrappingName],
  ];
}

/** The text of a key file. */
export function writeKeyFile(file: KeyFile): string {
  const { salt, nonce, bytes } = file.wrapped;
  return writePayload([
    ...aboutFields(file),
    ['salt', salt],
    ['nonce', nonce],
    ['private', bytes],
  ]).toString('latin1');
}

/** @throws CourierError MALFORMED; REFUSED for a key that is too weak */
export async function readKeyFile(bytes: Buffer): Promise<KeyFile> {
  const reader = new PayloadReader(bytes);
  reader.take('format', (value) => value === format);
  const alias = reader.take('alias', aliasText);
  const id = reader.take('key', /^[0-9a-f]{64}$/);
  const der = reader.takeBytes('public');
  const created = reader.take('created', isStamp);
  const replaceBy = reader.take('replace-by', isStamp);
  reader.take('wrapping', (value) => value === wrappingName);
  const salt = reader.takeBytes('salt');
  const nonce = reader.takeBytes('nonce');
  const sealed = reader.takeBytes('private');
  reader.end();
  const found = await readPublicKey(der, fewestLegacyBits);
  if (found.id !== id) {
    throw new CourierError('MALFORMED', 'the key has not the id it goes by');
  }
  const { bits } = found;
  return { alias, id, der, bits, created, replaceBy, wrapped: { salt, nonce, bytes: sealed } };
}

/** A key file for a key pair. */
export async function lockKey(
  { id, der, bits, key }: KeyPair,
  about: Pick<KeyFile, 'alias' | 'created' | 'replaceBy'>,
  passphrase: Secret,
): Promise<KeyFile> {
  const all = { ...about, id, der, bits };
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const wrapped = await wrapBytes(pkcs8, passphrase, writePayload(aboutFields(all)));
  return { ...all, wrapped };
}

/** @throws CourierError REFUSED for a wrong passphrase */
export async function unlockKey(file: KeyFile, passphrase: Secret): Promise<KeyObject> {
  const about = writePayload(aboutFields(file));
  const bytes = await unwrapBytes(file.wrapped, passphrase, about);
  return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
}
