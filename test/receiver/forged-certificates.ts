/** Client certificates as attackers, or time, would have them. */

import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import forge from 'node-forge';
import { files } from '../../src/certs/directory.ts';
import type { KeyAndCertificate } from '../helpers/certificates.ts';

export interface Forged {
  readonly commonNames: readonly string[];
  readonly validFrom?: Date;
  readonly validUntil?: Date;
}

const dayMs = 86_400_000;

/** A certificate the receiver's own agent CA has signed, whatever stands in it. */
export async function signWithAgentCa(
  directory: string,
  { commonNames, validFrom, validUntil }: Forged,
): Promise<KeyAndCertificate> {
  const ca = forge.pki.certificateFromPem(await readFile(join(directory, files.agentCa), 'utf8'));
  const caKey = await readFile(join(directory, files.agentCaKey), 'utf8');
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = '7f01';
  certificate.validity.notBefore = validFrom ?? new Date(Date.now() - dayMs);
  certificate.validity.notAfter = validUntil ?? new Date(Date.now() + dayMs);
  certificate.setSubject(commonNames.map((value) => ({ name: 'commonName', value })));
  certificate.setIssuer(ca.subject.attributes);
  certificate.setExtensions([{ name: 'basicConstraints', cA: false, critical: true }]);
  certificate.sign(forge.pki.privateKeyFromPem(caKey), forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key: privateKey };
}
