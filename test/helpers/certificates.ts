/** Certificates for tests: authorities, servers, clients. */

import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import forge from 'node-forge';

export interface KeyAndCertificate {
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS#8. */
  readonly key: string;
}

interface Wanted {
  /** The common name; servers also get it as alternative name. */
  readonly name: string;
  /** More names and IP addresses of a server. */
  readonly names?: readonly string[];
  readonly validFrom?: Date;
  readonly validUntil?: Date;
}

const dayMs = 86_400_000;
let serial = 1;

/** A certificate authority of its own. */
export class Authority {
  readonly #own: KeyAndCertificate;

  constructor(name = 'test authority') {
    const basics = [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ];
    this.#own = issue({ name }, basics);
  }

  /** PEM. */
  get cert(): string {
    return this.#own.cert;
  }

  /** PEM. */
  get key(): string {
    return this.#own.key;
  }

  issueServer(wanted: Wanted): KeyAndCertificate {
    return issue(wanted, toServerExtensions(wanted), this.#own);
  }

  issueClient(wanted: Wanted): KeyAndCertificate {
    return issue(wanted, [{ name: 'extKeyUsage', clientAuth: true }], this.#own);
  }
}

/** A server's certificate that nobody but itself has signed. */
export function issueSelfSigned(wanted: Wanted): KeyAndCertificate {
  return issue(wanted, toServerExtensions(wanted));
}

/** The same in one PKCS#12 file. */
export function toPkcs12({ cert, key }: KeyAndCertificate, passphrase: string): Buffer {
  const file = forge.pkcs12.toPkcs12Asn1(
    forge.pki.privateKeyFromPem(key),
    [forge.pki.certificateFromPem(cert)],
    passphrase,
    { algorithm: '3des' },
  );
  return Buffer.from(forge.asn1.toDer(file).getBytes(), 'binary');
}

/** The key, locked with a passphrase, in PEM. */
export function lockKey(key: string, passphrase: string): string {
  return forge.pki.encryptRsaPrivateKey(forge.pki.privateKeyFromPem(key), passphrase, {
    algorithm: 'aes256',
  });
}

/** The certificate's public key as DER, which a pin is the hash of. */
export function publicKeyOf(cert: string): Buffer {
  return new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
}

function toServerExtensions({ name, names = [] }: Wanted): object[] {
  const altNames = [name, ...names].map((value) =>
    isIP(value) ? { type: 7, ip: value } : { type: 2, value },
  );
  return [
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames },
  ];
}

function issue(
  { name, validFrom, validUntil }: Wanted,
  extensions: object[],
  issuer?: KeyAndCertificate,
): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const subject = [{ name: 'commonName', value: name }];
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = (serial++).toString(16).padStart(4, '0');
  certificate.validity.notBefore = validFrom ?? new Date(Date.now() - dayMs);
  certificate.validity.notAfter = validUntil ?? new Date(Date.now() + 30 * dayMs);
  certificate.setSubject(subject);
  certificate.setExtensions(extensions);
  certificate.setIssuer(
    issuer === undefined ? subject : forge.pki.certificateFromPem(issuer.cert).subject.attributes,
  );
  const signer = forge.pki.privateKeyFromPem(issuer?.key ?? privateKey);
  certificate.sign(signer, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key: privateKey };
}
