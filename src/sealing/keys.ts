/** What signatures are verified with: RSA keys and shared secrets, and the ids they go by. */

import type { KeyObject } from 'node:crypto';
import { CourierError } from '../faults/errors.ts';
import type { Signature, SignatureKind } from './envelope.ts';

type Crypto = typeof import('node:crypto');

/** Verifies signatures of one key or secret. */
export interface Verifier {
  readonly kind: SignatureKind;
  readonly id: string;
  verify(payload: Buffer, signature: Buffer): boolean;
}

export const fewestBits = 3072;

/** A verification with more takes as long as hundreds with fewest. */
const mostBits = 8192;

/** What openssl writes unless told otherwise, and the only one that all versions verify alike. */
const exponent = 65537n;

/** A public key that is good enough to believe a host by. */
export interface PublicKey {
  readonly id: string;
  readonly bits: number;
  /** SubjectPublicKeyInfo. */
  readonly der: Buffer;
  readonly key: KeyObject;
}

/**
 * Reads an RSA public key: PEM as `openssl` writes it, or DER. A private key is refused, however
 * sure it is what it belongs to: it should not be here.
 *
 * @param fewest bits it has to have; fewer than usual for keys by which nothing is believed
 * @throws CourierError MALFORMED when it is none; REFUSED when it is too weak or of another kind
 */
export async function readPublicKey(
  bytes: Buffer | string,
  fewest = fewestBits,
): Promise<PublicKey> {
  const crypto = await import('node:crypto');
  if (bytes.includes('PRIVATE KEY-----')) {
    throw new CourierError('REFUSED', 'this is a private key; it is to stay where it was made');
  }
  const key = toKey(crypto, bytes);
  const { modulusLength: bits = 0, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== 'rsa') {
    throw new CourierError('REFUSED', `a key of the kind ${key.asymmetricKeyType}, not rsa`);
  }
  if (bits < fewest || bits > mostBits) {
    const allowed = `from ${fewest} to ${mostBits} are allowed`;
    throw new CourierError('REFUSED', `an RSA key of ${bits} bits; ${allowed}`);
  }
  if (publicExponent !== exponent) {
    const found = `an RSA key with the exponent ${publicExponent}`;
    throw new CourierError('REFUSED', `${found}; only ${exponent} is allowed`);
  }
  const der = key.export({ type: 'spki', format: 'der' });
  return { id: idOf(crypto, der), bits, der, key };
}

function toKey(crypto: Crypto, bytes: Buffer | string): KeyObject {
  try {
    if (typeof bytes === 'string' || bytes.includes('-----BEGIN ')) {
      return crypto.createPublicKey(bytes);
    }
    return crypto.createPublicKey({ key: bytes, format: 'der', type: 'spki' });
  } catch (error) {
    throw new CourierError('MALFORMED', 'no public key in PEM or DER', { cause: error });
  }
}

/** @throws CourierError as {@link readPublicKey} */
export async function keyVerifier(bytes: Buffer | string): Promise<Verifier> {
  const crypto = await import('node:crypto');
  const { id, key } = await readPublicKey(bytes);
  return {
    kind: 'key',
    id,
    // PKCS#1 v1.5: the padding every `openssl dgst -sign` makes.
    verify: (payload, signature) => crypto.verify('sha256', payload, key, signature),
  };
}

/** As long as a block of SHA-256, so that a shell needs no digest to prepare the pads of HMAC. */
const secretText = /^[0-9a-f]{64}$/;

/**
 * A verifier of what was made with a shared secret, which is the text of 64 hexadecimal digits
 * itself.
 *
 * @throws CourierError MALFORMED when the secret is none
 */
export async function secretVerifier(secret: string): Promise<Verifier> {
  if (!secretText.test(secret)) {
    throw new CourierError('MALFORMED', 'a shared secret is 64 hexadecimal digits in lower case');
  }
  const crypto = await import('node:crypto');
  return {
    kind: 'mac',
    id: idOf(crypto, `id:${secret}`),
    verify: (payload, signature) => {
      const expected = crypto.createHmac('sha256', secret).update(payload).digest();
      return signature.length === expected.length && crypto.timingSafeEqual(signature, expected);
    },
  };
}

/** A new shared secret. */
export async function makeSecret(): Promise<string> {
  const crypto = await import('node:crypto');
  return crypto.randomBytes(32).toString('hex');
}

/** How people compare keys: the way OpenSSH shows them. */
export function fingerprintOf(id: string): string {
  return `SHA256:${Buffer.from(id, 'hex').toString('base64').replace(/=+$/, '')}`;
}

/** The verifier a signature is for, if it is right. */
export function findSigner<Known extends Verifier>(
  payload: Buffer,
  signature: Signature,
  verifiers: readonly Known[],
): Known | 'unknown' | 'wrong' {
  const verifier = verifiers.find(({ kind, id }) => kind === signature.kind && id === signature.id);
  if (verifier === undefined) return 'unknown';
  return verifier.verify(payload, signature.bytes) ? verifier : 'wrong';
}

function idOf(crypto: Crypto, bytes: Buffer | string): string {
  return crypto.createHash('sha256').update(bytes).digest('hex');
}
