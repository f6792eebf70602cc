/** One signature, as every document has it. */

import { type KeyObject, sign } from 'node:crypto';

/** PKCS#1 v1.5 with SHA-256, made on a thread of its own: 2 ms with 3072 bits. */
export function signBytes(payload: Buffer, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha256', payload, key, (error, signature) =>
      error === null ? resolve(signature) : reject(error),
    );
  });
}
