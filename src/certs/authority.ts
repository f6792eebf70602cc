/** A CA as it lies in its two files. */

import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { CourierError } from '../faults/errors.ts';
import { readDer, tags } from './der.ts';
import { files } from './directory.ts';
import { type CertificateBlock, certificatesIn, keyIn, readPemFile } from './pem-files.ts';
import { readCertificateFields } from './x509.ts';

/** Of the receiver, or of the hosts: each trusts the other for nothing. */
export type AuthorityRole = 'receiver' | 'agent';

const pairs = {
  receiver: { certificate: files.root, key: files.rootKey },
  agent: { certificate: files.agentCa, key: files.agentCaKey },
} as const satisfies Record<AuthorityRole, object>;

export interface Authority {
  /** PEM, one block. */
  readonly certificate: string;
  readonly key: KeyObject;
  /** Its subject, DER, byte by byte as it stands in the certificate. */
  readonly name: Buffer;
  /** What the certificate calls its key. */
  readonly keyId: Buffer | undefined;
}

/**
 * The certificate of a CA.
 *
 * @throws CourierError CONFIG when it is not one certificate of a CA; LOCAL when it cannot be read
 */
export async function loadAuthorityCertificate(
  directory: string,
  role: AuthorityRole,
): Promise<CertificateBlock> {
  const path = join(directory, pairs[role].certificate);
  const [block, second] = certificatesIn(await readPemFile(path));
  if (second !== undefined) {
    throw new CourierError('CONFIG', `${path} holds several certificates; only one is trusted`);
  }
  if (block.certificate.ca) return block;
  throw new CourierError('CONFIG', `${path} is not the certificate of a certificate authority`);
}

/**
 * A CA that can sign.
 *
 * @throws CourierError CONFIG also when the key is not that of the certificate; LOCAL
 */
export async function loadAuthority(directory: string, role: AuthorityRole): Promise<Authority> {
  const block = await loadAuthorityCertificate(directory, role);
  const { key } = keyIn(await readPemFile(join(directory, pairs[role].key)), block);
  return toAuthority(block, key);
}

/** A CA from what it is made of. */
export function toAuthority({ pem, certificate }: CertificateBlock, key: KeyObject): Authority {
  const { subject, extensions } = readCertificateFields(certificate.raw);
  const identifier = extensions.find(({ oid }) => oid === '2.5.29.14');
  const keyId = identifier && readDer(identifier.value, tags.octetString).content;
  return { certificate: pem, key, name: subject.bytes, keyId };
}
