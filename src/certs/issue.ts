/** Certificates: laid out by node-forge, signed by OpenSSL (agent-receiver.md#signing). */

import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type forge from 'node-forge';
import { CourierError } from '../faults/errors.ts';
import { readDer, tags } from './der.ts';
import { toPem } from './pem.ts';

/** What a certificate is to say. */
export interface Contents {
  /** The only part of the subject. */
  readonly commonName: string;
  /** SubjectPublicKeyInfo, DER; taken over byte by byte, whatever kind of key it is. */
  readonly publicKey: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** As node-forge takes them. */
  readonly extensions: readonly object[];
}

export interface Issuer {
  /** The subject of the issuer's certificate, DER; undefined for a certificate that signs itself. */
  readonly name: Buffer | undefined;
  /** RSA. */
  readonly key: KeyObject;
}

export interface Issued {
  /** PEM, LF line ends. */
  readonly certificate: string;
  /** 32 hexadecimal digits, lower case. */
  readonly serial: string;
}

const signNatively = promisify(sign);
const sha256WithRsa = '1.2.840.113549.1.1.11';

/**
 * Makes a certificate. The signature is made outside of the main thread.
 *
 * @throws CourierError CONFIG when the issuer's key is not RSA
 */
export async function issueCertificate(contents: Contents, issuer: Issuer): Promise<Issued> {
  if (issuer.key.asymmetricKeyType !== 'rsa') {
    throw new CourierError('CONFIG', 'the key of the authority must be RSA');
  }
  const { default: forge } = await import('node-forge');
  const serial = makeSerial();
  const whole = layOut(forge, contents, serial);
  const [toSign, , signature] = partsOf(whole);
  if (toSign === undefined || signature === undefined) throw unexpectedLayout();
  const parts = partsOf(toSign);
  if (issuer.name !== undefined) parts.splice(3, 1, toRaw(issuer.name));
  parts.splice(6, 1, toRaw(contents.publicKey));
  const bytes = toBytes(forge, toSign);
  // The first byte of a bit string says how many bits of the last one are unused.
  signature.value = `\0${(await signNatively('sha256', bytes, issuer.key)).toString('latin1')}`;
  return { certificate: toPem('CERTIFICATE', toBytes(forge, whole)), serial };
}

/** Random and positive, and without a leading zero that some would show and others not. */
function makeSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes.toString('hex');
}

/** A whole certificate, in which issuer, public key and signature are still to be put right. */
function layOut(library: typeof forge, contents: Contents, serial: string): forge.asn1.Asn1 {
  const certificate = library.pki.createCertificate();
  const { BigInteger } = library.jsbn;
  const valueTagClass: number = library.asn1.Type.UTF8;
  const subject = [{ name: 'commonName', value: contents.commonName, valueTagClass }];
  certificate.serialNumber = serial;
  certificate.validity = { notBefore: contents.notBefore, notAfter: contents.notAfter };
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.publicKey = library.pki.setRsaPublicKey(BigInteger.ONE, BigInteger.ONE);
  certificate.setExtensions([...contents.extensions]);
  certificate.signatureOid = sha256WithRsa;
  certificate.siginfo.algorithmOid = sha256WithRsa;
  certificate.signature = '';
  return library.pki.certificateToAsn1(certificate);
}

/** node-forge writes the value of such an element as it is. */
function toRaw(der: Buffer): forge.asn1.Asn1 {
  const { tag, content } = readDer(der, tags.sequence);
  const value = content.toString('latin1');
  return { tagClass: 0, type: tag, constructed: false, composed: false, value };
}

function partsOf({ value }: forge.asn1.Asn1): forge.asn1.Asn1[] {
  if (typeof value === 'string') throw unexpectedLayout();
  return value;
}

function toBytes(library: typeof forge, element: forge.asn1.Asn1): Buffer {
  return Buffer.from(library.asn1.toDer(element).getBytes(), 'latin1');
}

function unexpectedLayout(): CourierError {
  return new CourierError('INTERNAL', 'node-forge lays out certificates in another way');
}
