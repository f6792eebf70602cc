/** PKCS#12 files: a private key and certificates in one encrypted container (RFC 7292). */

import forge from 'node-forge';
import { CourierError, quote } from '../faults/errors.ts';
import type { Secret } from '../secrets/secrets.ts';

interface KeyAndCertificates {
  /** PEM: the certificate of the key first. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/**
 * Takes key and certificates out of a PKCS#12 file. node-forge understands RSA only; what it
 * does not understand it hands on as ASN.1, and so do we.
 *
 * @param path names the file in errors
 * @throws CourierError CONFIG when the passphrase is wrong or the file damaged or without a key
 */
export function unpackPkcs12(
  bytes: Buffer,
  path: string,
  passphrase: Secret | undefined,
): KeyAndCertificates {
  const bags = readBags(bytes, path, passphrase);
  const key = bags.find(({ type }) => isKey(type));
  const certificates = bags.filter(({ type }) => type === oid('certBag'));
  if (key === undefined || certificates.length === 0) {
    throw new CourierError('CONFIG', `reading --cert ${path}: no private key with a certificate`);
  }
  const ordered = certificates.toSorted((a, b) => belongs(b, key) - belongs(a, key));
  return {
    cert: ordered.map((bag) => toPem('CERTIFICATE', certificateOf(bag))).join(''),
    key: toPem('PRIVATE KEY', keyOf(key)),
  };
}

function readBags(
  bytes: Buffer,
  path: string,
  passphrase: Secret | undefined,
): readonly forge.pkcs12.Bag[] {
  try {
    const asn1 = forge.asn1.fromDer(bytes.toString('binary'));
    const file = forge.pkcs12.pkcs12FromAsn1(asn1, false, passphrase?.reveal() ?? '');
    return file.safeContents.flatMap(({ safeBags }) => safeBags);
  } catch (error) {
    throw new CourierError('CONFIG', `reading --cert ${path}: ${explain(error, passphrase)}`, {
      cause: error,
    });
  }
}

function explain(error: unknown, passphrase: Secret | undefined): string {
  const said = error instanceof Error ? error.message : String(error);
  if (!/password|MAC could not be verified/i.test(said)) {
    return `not a PKCS#12 file, or damaged: ${quote(said)}`;
  }
  return passphrase === undefined
    ? 'the passphrase is missing; use --key-password-file or --key-password-id'
    : 'the passphrase of the private key is wrong';
}

function isKey(type: string): boolean {
  return type === oid('pkcs8ShroudedKeyBag') || type === oid('keyBag');
}

/** 1 when a certificate carries the mark of the key, else 0: RFC 7292 4.2, localKeyId. */
function belongs(certificate: forge.pkcs12.Bag, key: forge.pkcs12.Bag): number {
  const [mark] = key.attributes.localKeyId ?? [];
  const [own] = certificate.attributes.localKeyId ?? [];
  return mark !== undefined && mark === own ? 1 : 0;
}

function certificateOf(bag: forge.pkcs12.Bag): forge.asn1.Asn1 {
  return bag.cert ? forge.pki.certificateToAsn1(bag.cert) : bag.asn1;
}

function keyOf(bag: forge.pkcs12.Bag): forge.asn1.Asn1 {
  if (!bag.key) return bag.asn1;
  return forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(bag.key));
}

function toPem(type: string, asn1: forge.asn1.Asn1): string {
  return forge.pem.encode({ type, body: forge.asn1.toDer(asn1).getBytes() });
}

function oid(name: string): string | undefined {
  return forge.pki.oids[name];
}
