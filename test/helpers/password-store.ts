/** Password stores as a Checkmk site writes them (checkmk-site.md#password-store). */

import { createCipheriv, scryptSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes that count up from `first`. */
export function countUp(first: number, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, index) => first + index));
}

/** The key of the test vector. */
export const vectorKey = countUp(0, 32);

/** The bytes of a store, with salt and nonce of the test vector. */
export function encryptStore(lines: string, key = vectorKey): Buffer {
  const [salt, nonce] = [countUp(0x10, 16), countUp(0x20, 16)];
  const derived = scryptSync(key, salt, 32, { N: 16_384, r: 8, p: 1 });
  const cipher = createCipheriv('aes-256-gcm', derived, nonce, { authTagLength: 16 });
  const ciphertext = Buffer.concat([cipher.update(lines), cipher.final()]);
  return Buffer.concat([Buffer.alloc(2), salt, nonce, cipher.getAuthTag(), ciphertext]);
}

interface StoredPassword {
  /** `ID:FILE`, for an option such as `--password-id`. */
  readonly reference: string;
  /** The environment in which the key is found. */
  readonly env: Readonly<Record<string, string>>;
}

/** Writes a store with that one password, and its key. */
export async function storePassword(directory: string, password: string): Promise<StoredPassword> {
  const [store, key] = [join(directory, 'stored_passwords'), join(directory, 'store.secret')];
  await writeFile(store, encryptStore(`my_stored:${password}\n`), { mode: 0o600 });
  await writeFile(key, vectorKey, { mode: 0o600 });
  return { reference: `my_stored:${store}`, env: { PASSWORD_STORE_SECRET_FILE: key } };
}
