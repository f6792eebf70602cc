/** Private keys at rest: AES-256-GCM with a key that scrypt makes of a passphrase. */

import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { CourierError } from '../../faults/errors.ts';
import type { Secret } from '../../secrets/secrets.ts';

/** Cost of scrypt: 128 MiB and about half a second for each guess. */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 } as const;

/** As a key file says it; another one is refused. */
export const wrappingName = 'scrypt-131072-8-1-aes-256-gcm';

const keyBytes = 32;
const tagBytes = 16;
const saltBytes = 16;
const nonceBytes = 12;

export interface Wrapped {
  readonly salt: Buffer;
  readonly nonce: Buffer;
  /** The tag stands at its end. */
  readonly bytes: Buffer;
}

/** @param about what else the file says, which is covered as well */
export async function wrapBytes(
  bytes: Buffer,
  passphrase: Secret,
  about: Buffer,
): Promise<Wrapped> {
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', await derive(passphrase, salt), nonce);
  cipher.setAAD(about);
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  return { salt, nonce, bytes: sealed };
}

/**
 * One answer for a wrong passphrase and for a changed file: nothing is told of the key.
 *
 * @throws CourierError REFUSED
 */
export async function unwrapBytes(
  { salt, nonce, bytes }: Wrapped,
  passphrase: Secret,
  about: Buffer,
): Promise<Buffer> {
  const key = await derive(passphrase, salt);
  const end = bytes.length - tagBytes;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(about);
    decipher.setAuthTag(bytes.subarray(end));
    return Buffer.concat([decipher.update(bytes.subarray(0, end)), decipher.final()]);
  } catch {
    throw new CourierError('REFUSED', 'the passphrase is wrong, or the file was changed');
  }
}

function derive(passphrase: Secret, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const text = passphrase.reveal().normalize('NFC');
    scrypt(text, salt, keyBytes, cost, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
