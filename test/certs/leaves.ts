/** Server certificates of every kind, good and bad, by node-forge's own signing. */

import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

export interface WantedLeaf {
  readonly commonNames?: readonly string[];
  /** DNS names. */
  readonly dns?: readonly string[];
  readonly ips?: readonly string[];
  /** Undefined leaves basic constraints out. */
  readonly ca?: boolean | undefined;
  readonly usage?: 'serverAuth' | 'clientAuth';
  readonly utf8?: boolean;
  readonly from?: Date;
  readonly until?: Date;
  readonly more?: readonly object[];
  readonly sha1?: boolean;
  readonly bits?: number;
}

const dayMs = 86_400_000;

/** One key a size for all of them: what is tested is what stands around it. */
const keys = new Map<number, string>();

function keyOf(bits: number): forge.pki.rsa.PrivateKey {
  const known =
    keys.get(bits) ??
    generateKeyPairSync('rsa', {
      modulusLength: bits,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }).privateKey;
  keys.set(bits, known);
  return forge.pki.privateKeyFromPem(known);
}

const authorityKey = () => keyOf(2049);
const authorityName = [{ name: 'commonName', value: 'Test CA' }];
const authorityExtensions = [
  { name: 'basicConstraints', critical: true, cA: true },
  { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
];

interface WantedRoot {
  readonly extensions?: readonly object[];
  /** Whether its name is in UTF-8, where the leaves have it as PrintableString. */
  readonly utf8?: boolean;
}

/** The CA above the leaves. */
export function makeRoot({ extensions = authorityExtensions, utf8 }: WantedRoot = {}): string {
  const valueTagClass: number = forge.asn1.Type[utf8 ? 'UTF8' : 'PRINTABLESTRING'];
  const subject = authorityName.map((part) => ({ ...part, valueTagClass }));
  const certificate = start(authorityKey(), subject);
  certificate.setExtensions([...extensions]);
  return finish(certificate);
}

/** A leaf that is good, but for what is wanted otherwise. */
export function makeLeaf(wanted: WantedLeaf): string {
  const { commonNames = ['mysite'], utf8 = true, from, until, bits = 2048 } = wanted;
  const valueTagClass: number = forge.asn1.Type[utf8 ? 'UTF8' : 'PRINTABLESTRING'];
  const subject = commonNames.map((value) => ({ name: 'commonName', value, valueTagClass }));
  const certificate = start(keyOf(bits), subject);
  certificate.validity.notBefore = from ?? certificate.validity.notBefore;
  certificate.validity.notAfter = until ?? certificate.validity.notAfter;
  certificate.setExtensions(toExtensions(wanted));
  return finish(certificate, wanted.sha1 ? forge.md.sha1.create() : undefined);
}

function toExtensions(wanted: WantedLeaf): object[] {
  const { dns = ['mysite'], ips = [], usage, more = [] } = wanted;
  const ca = 'ca' in wanted ? wanted.ca : false;
  const altNames = [
    ...dns.map((value) => ({ type: 2, value })),
    ...ips.map((ip) => ({ type: 7, ip })),
  ];
  return [
    ...(ca === undefined ? [] : [{ name: 'basicConstraints', critical: true, cA: ca }]),
    ...(usage === undefined ? [] : [{ name: 'extKeyUsage', [usage]: true }]),
    ...(altNames.length === 0 ? [] : [{ name: 'subjectAltName', altNames }]),
    ...more,
  ];
}

function start(
  { n, e }: forge.pki.rsa.PrivateKey,
  subject: forge.pki.CertificateField[],
): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(n, e);
  certificate.serialNumber = '4711';
  certificate.validity.notBefore = new Date(Date.now() - dayMs);
  certificate.validity.notAfter = new Date(Date.now() + dayMs);
  certificate.setSubject(subject);
  certificate.setIssuer(authorityName);
  return certificate;
}

function finish(certificate: forge.pki.Certificate, md?: forge.md.MessageDigest): string {
  certificate.sign(authorityKey(), md ?? forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}
