/** Why a host would refuse our server certificate (agent-receiver.md#server-certificate). */

import { type KeyObject, X509Certificate } from 'node:crypto';
import { CourierError, quote } from '../faults/errors.ts';
import { toTime } from './dates.ts';
import { isDnsName, isUuid } from './dns-name.ts';
import { readPemBlocks } from './pem.ts';
import { type CertificateFields, commonNamesOf, readCertificateFields } from './x509.ts';

/** A certificate as OpenSSL and as its bytes show it. */
interface Shown {
  readonly certificate: X509Certificate;
  readonly fields: CertificateFields;
}

/**
 * Why the Agent Controller would refuse this server certificate under this root, as a sentence
 * fragment; undefined when it would not.
 *
 * @param serverCert PEM: the leaf, then further certificates of its chain if there are any
 * @param rootCert PEM: what a registration hands out as `root_cert`
 */
export function findControllerObjection(
  serverCert: string,
  rootCert: string,
  now: Date,
): string | undefined {
  const [leaf, ...others] = readCertificates(serverCert);
  if (leaf === undefined) return 'it is no certificate that can be read';
  // The controller takes the first block alone, whatever it is.
  const [first] = readPemBlocks(rootCert);
  const [root] = first === undefined ? [] : readCertificates(first.pem);
  if (root === undefined) return 'the root certificate is no certificate that can be read';
  return (
    findRootObjection(root) ??
    findLeafObjection(leaf, now) ??
    findNameObjection(leaf) ??
    (leadsTo(root, leaf, others, now) ? undefined : 'it does not lead to the root certificate')
  );
}

/** None when one of them cannot be read. */
function readCertificates(pem: string): readonly Shown[] {
  const blocks = readPemBlocks(pem).filter(({ label }) => label === 'CERTIFICATE');
  try {
    return blocks.map(({ der }) => ({
      certificate: new X509Certificate(der),
      fields: readCertificateFields(der),
    }));
  } catch {
    return [];
  }
}

function findRootObjection({ certificate, fields }: Shown): string | undefined {
  if (fields.extensions.length === 0) return 'the root certificate has no extensions';
  return findKeyObjection(certificate.publicKey, 'the root certificate');
}

const serverAuth = '1.3.6.1.5.5.7.3.1';

function findLeafObjection({ certificate, fields }: Shown, now: Date): string | undefined {
  const { validFromDate, validToDate, keyUsage, ca } = certificate;
  if (fields.version !== 3) return `it is of version ${fields.version}, not 3`;
  if (now < validFromDate) return `it is not valid before ${toTime(validFromDate)}`;
  if (now > validToDate) return `it expired at ${toTime(validToDate)}`;
  if (ca) return 'it is a certificate authority itself';
  if (keyUsage?.includes(serverAuth) === false) return 'its extended key usage is not for servers';
  const strange = fields.extensions.find(({ critical, oid }) => critical && !known.includes(oid));
  if (strange !== undefined) return `its critical extension ${strange.oid} is unknown to webpki`;
  return findKeyObjection(certificate.publicKey, 'it');
}

/** Key usage, alternative names, basic constraints, name constraints, extended key usage. */
const known: readonly string[] = [15, 17, 19, 30, 37].map((number) => `2.5.29.${number}`);

/** What webpki verifies signatures with: RSA of 2048 to 8192 bits, P-256, P-384, Ed25519. */
function findKeyObjection(key: KeyObject, whose: string): string | undefined {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType;
  if (type === 'rsa' && modulusLength >= 2048 && modulusLength <= 8192) return undefined;
  if (type === 'ec' && ['prime256v1', 'secp384r1'].includes(namedCurve)) return undefined;
  if (type === 'ed25519') return undefined;
  const size = type === 'rsa' ? ` of ${modulusLength} bits` : ` ${namedCurve}`.trimEnd();
  return `${whose} has a key that is not supported: ${type}${size}`;
}

function findNameObjection({ certificate, fields }: Shown): string | undefined {
  const names = commonNamesOrFault(fields);
  if (typeof names === 'string') return names;
  const [name, second] = names;
  if (name === undefined) return 'it has no common name';
  if (second !== undefined) return `it has ${names.length} common names, and may have only one`;
  if (isUuid(name)) return `its common name ${quote(name)} is a UUID, which only hosts have`;
  if (!isDnsName(name)) return `its common name ${quote(name)} is not a DNS name`;
  // Never the subject: the name has to stand among the alternative names.
  const isNamed = certificate.checkHost(name, { subject: 'never', partialWildcards: false });
  if (isNamed !== undefined) return undefined;
  return `its common name ${quote(name)} is not among its alternative names`;
}

function commonNamesOrFault({ subject }: CertificateFields): readonly string[] | string {
  try {
    return commonNamesOf(subject);
  } catch (error) {
    if (error instanceof CourierError) return error.message;
    throw error;
  }
}

function leadsTo(root: Shown, from: Shown, others: readonly Shown[], now: Date): boolean {
  if (isSignedBy(from, root)) return true;
  return others.some((issuer, index) => {
    const { ca, validFromDate, validToDate } = issuer.certificate;
    const isUsable = ca && now >= validFromDate && now <= validToDate && isSignedBy(from, issuer);
    return isUsable && leadsTo(root, issuer, others.toSpliced(index, 1), now);
  });
}

const weakSignature = /sha1|md5/i;

/** Names are compared byte by byte, where OpenSSL would let another string type pass. */
function isSignedBy({ certificate, fields }: Shown, issuer: Shown): boolean {
  if (!fields.issuer.equals(issuer.fields.subject.bytes)) return false;
  if (weakSignature.test(certificate.signatureAlgorithm ?? '')) return false;
  return certificate.verify(issuer.certificate.publicKey);
}
