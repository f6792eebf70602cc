/** Key pairs that sign documents. */

import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { fewestBits, readPublicKey } from '../../sealing/keys.ts';

export interface KeyPair {
  /** SHA-256 of `der`. */
  readonly id: string;
  readonly bits: number;
  /** Of the public half: SubjectPublicKeyInfo. */
  readonly der: Buffer;
  /** The private half. */
  readonly key: KeyObject;
}

/**
 * Of keys that are taken over from elsewhere. Those below {@link fewestBits} are legacy: they are
 * kept, but no root may name them, and no host believes what they sign.
 */
export const fewestLegacyBits = 2048;

export function isLegacy({ bits }: Pick<KeyPair, 'bits'>): boolean {
  return bits < fewestBits;
}

/** For people, of a legacy key. */
export function describeLegacy(name: string, { bits }: Pick<KeyPair, 'bits'>): string {
  const why = `hosts believe only keys of ${fewestBits} bits and more`;
  return `${name} is a legacy key, RSA of ${bits} bits: ${why}, so no root may name it`;
}

/** The baseline: every openssl since 0.9.8 can verify it. */
export async function makeKeyPair(bits = fewestBits): Promise<KeyPair> {
  const made = await promisify(generateKeyPair)('rsa', {
    modulusLength: bits,
    publicExponent: 65_537,
  });
  const der = made.publicKey.export({ type: 'spki', format: 'der' });
  return { ...(await readPublicKey(der)), key: made.privateKey };
}
