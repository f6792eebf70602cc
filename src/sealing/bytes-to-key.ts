/** How `openssl enc` makes key and IV of a pass phrase. */

const keyBytes = 32;
const ivBytes = 16;

/** EVP_BytesToKey with one round: each hash covers the one before it, the pass phrase and the salt. */
export function bytesToKey(
  crypto: typeof import('node:crypto'),
  hash: 'md5' | 'sha256',
  [passphrase, salt]: readonly [passphrase: Buffer, salt: Buffer],
): Buffer {
  let last: Buffer = Buffer.alloc(0);
  let derived: Buffer = last;
  while (derived.length < keyBytes + ivBytes) {
    last = crypto.createHash(hash).update(last).update(passphrase).update(salt).digest();
    derived = Buffer.concat([derived, last]);
  }
  return derived.subarray(0, keyBytes + ivBytes);
}
