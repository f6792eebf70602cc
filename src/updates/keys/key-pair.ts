/** Key pairs that sign documents. */

import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { readPublicKey } from '../../sealing/keys.ts';

export interface KeyPair {
  /** SHA-256 of `der`. */
  readonly id: string;
  readonly bits: number;
  /** Of the public half: SubjectPublicKeyInfo. */
  readonly der: Buffer;
  /** The private half. */
  readonly key: KeyObject;
}

const fewestBits = 3072;

/** The baseline: every openssl since 0.9.8 can verify it. */
export async function makeKeyPair(bits = fewestBits): Promise<KeyPair> {
  const made = await promisify(generateKeyPair)('rsa', {
    modulusLength: bits,
    publicExponent: 65_537,
  });
  const der = made.publicKey.export({ type: 'spki', format: 'der' });
  return { ...(await readPublicKey(der)), key: made.privateKey };
}
