/** New keys, and the certificates of CAs and servers over them. */

import { createPublicKey, generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { type Authority, toAuthority } from './authority.ts';
import { issueCertificate } from './issue.ts';
import { authorityProfile, serverProfile } from './profiles.ts';

const generateKeys = promisify(generateKeyPair);

/** Signing with 4096 bits takes twice as long, and outlasting 3072 is for other algorithms. */
const authorityBits = 3072;
/**
 * Every upload of a host is a handshake, which takes a receiver half as long as with RSA of 2048
 * bits. Who makes the key exchange it wants anyway can verify this, too.
 */
const serverCurve = 'prime256v1';

/**
 * A new CA.
 *
 * @param commonName free text
 */
export async function makeAuthority(commonName: string, now: Date): Promise<Authority> {
  const { privateKey } = await generateKeys('rsa', { modulusLength: authorityBits });
  const { key, publicKey } = toKey(privateKey);
  const contents = authorityProfile({ commonName, publicKey, now });
  const { certificate } = await issueCertificate(contents, { name: undefined, key });
  return toAuthority({ pem: certificate, certificate: new X509Certificate(certificate) }, key);
}

export interface ServerPair {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS#8. */
  readonly key: string;
}

/** A server certificate with a new key. */
export async function makeServerPair(
  { site, names }: { readonly site: string; readonly names: readonly string[] },
  authority: Authority,
  now: Date,
): Promise<ServerPair> {
  const { privateKey } = await generateKeys('ec', { namedCurve: serverCurve });
  const { key, publicKey } = toKey(privateKey);
  const contents = serverProfile({ commonName: site, publicKey, now }, names, authority.keyId);
  const { certificate } = await issueCertificate(contents, authority);
  return { certificate, key: toKeyPem(key) };
}

/** PEM, PKCS#8. */
export function toKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function toKey(key: KeyObject) {
  return { key, publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }) };
}
