/** Certificates as a site issues them to itself and to its agents (agent-port.md#certificates). */

import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';
import { Authority, type KeyAndCertificate } from '../../helpers/certificates.ts';

interface Wanted {
  /** The subject holds these, and in the usual case one. */
  readonly commonNames: readonly string[];
  /** Alternative names; without them the first common name. */
  readonly dnsNames?: readonly string[];
  /** Extended key usages; without any the extension is left out. */
  readonly usages?: readonly ('serverAuth' | 'clientAuth')[];
  readonly validFrom?: Date;
  readonly validUntil?: Date;
}

interface Validity {
  readonly validFrom?: Date;
  readonly validUntil?: Date;
}

const dayMs = 86_400_000;
let serial = 0x5000;

/** The certificate authority of a site. */
export class SiteAuthority {
  readonly #authority: Authority;

  constructor(site = 'test') {
    this.#authority = new Authority(`Site '${site}' local CA`);
  }

  /** PEM. */
  get cert(): string {
    return this.#authority.cert;
  }

  /** Key and certificate of an agent; `dnsName` only where it is not the UUID, which is wrong. */
  issueAgent(uuid: string, validity: Validity = {}, dnsName = uuid): KeyAndCertificate {
    return this.issue({ commonNames: [uuid], dnsNames: [dnsName], ...validity });
  }

  /** The site's own file: private key, certificate and authority in one. */
  issueSite(site = 'test', more: Omit<Wanted, 'commonNames'> = {}): string {
    return this.toSitePem(this.issue({ commonNames: [site], ...more }));
  }

  toSitePem({ key, cert }: KeyAndCertificate): string {
    return key + cert + this.cert;
  }

  /** No key usage and no key identifiers, as in agent certificates; signed with SHA-256. */
  issue(wanted: Wanted): KeyAndCertificate {
    const { commonNames, dnsNames = commonNames.slice(0, 1), usages = [] } = wanted;
    const named = Object.fromEntries(usages.map((usage) => [usage, true]));
    const keys = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const certificate = forge.pki.createCertificate();
    serial += 1;
    certificate.serialNumber = serial.toString(16);
    certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey);
    certificate.validity.notBefore = wanted.validFrom ?? new Date(Date.now() - dayMs);
    certificate.validity.notAfter = wanted.validUntil ?? new Date(Date.now() + 30 * dayMs);
    certificate.setSubject(commonNames.map((value) => ({ name: 'commonName', value })));
    certificate.setIssuer(forge.pki.certificateFromPem(this.cert).subject.attributes);
    certificate.setExtensions([
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'subjectAltName', altNames: dnsNames.map((value) => ({ type: 2, value })) },
      ...(usages.length === 0 ? [] : [{ name: 'extKeyUsage', ...named }]),
    ]);
    certificate.sign(forge.pki.privateKeyFromPem(this.#authority.key), forge.md.sha256.create());
    return { cert: forge.pki.certificateToPem(certificate), key: keys.privateKey };
  }
}
