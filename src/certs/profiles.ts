/** What our certificates say (agent-receiver.md#certificates). */

import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { addMonths } from './dates.ts';
import type { Contents } from './issue.ts';

/** The parts of a profile that are not the same for every certificate. */
export interface Subject {
  readonly commonName: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  readonly now: Date;
}

/** Replacing the receiver's CA breaks every registered host, so it is to last. */
const authorityMonths = 30 * 12;
const serverMonths = 10 * 12;

/** Hosts whose clock is behind take a certificate from the future for a wrong one. */
const backdateServerMs = 24 * 3_600_000;
const backdateAgentMs = 5 * 60_000;

/** A CA: of the receiver, or of the hosts. */
export function authorityProfile(subject: Subject): Contents {
  return toContents(subject, { months: authorityMonths, backdateMs: backdateServerMs }, [
    { name: 'basicConstraints', critical: true, cA: true },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    toSubjectKeyIdentifier(subject.publicKey),
  ]);
}

/**
 * The server certificate.
 *
 * @param names further DNS names and IP addresses
 * @param authorityKeyId what the CA calls its key; Python 3.13 and newer want it to be named
 */
export function serverProfile(
  subject: Subject,
  names: readonly string[],
  authorityKeyId: Buffer | undefined,
): Contents {
  const altNames = [...new Set([subject.commonName, ...names])].map(toAltName);
  const authority = { name: 'authorityKeyIdentifier', keyIdentifier: toBinary(authorityKeyId) };
  return toContents(subject, { months: serverMonths, backdateMs: backdateServerMs }, [
    { name: 'basicConstraints', critical: true, cA: false },
    // As a client, too: with it the site pulls hosts that are registered with the receiver.
    { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
    { name: 'subjectAltName', altNames },
    toSubjectKeyIdentifier(subject.publicKey),
    ...(authorityKeyId === undefined ? [] : [authority]),
  ]);
}

/** The certificate of a host; its common name is its uuid. */
export function agentProfile(subject: Subject, months: number): Contents {
  return toContents(subject, { months, backdateMs: backdateAgentMs }, [
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'subjectAltName', altNames: [toAltName(subject.commonName)] },
  ]);
}

/**
 * The certificate of a writer for several hosts, good for clients alone. Whom it may write for does
 * not stand in it.
 */
export function writerProfile({ commonName, publicKey, now }: Subject, notAfter: Date): Contents {
  const notBefore = new Date(now.getTime() - backdateAgentMs);
  const extensions = [
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'extKeyUsage', clientAuth: true },
    { name: 'subjectAltName', altNames: [toAltName(commonName)] },
  ];
  return { commonName, publicKey, notBefore, notAfter, extensions };
}

interface Validity {
  readonly months: number;
  readonly backdateMs: number;
}

function toContents(
  { commonName, publicKey, now }: Subject,
  { months, backdateMs }: Validity,
  extensions: readonly object[],
): Contents {
  const notBefore = new Date(now.getTime() - backdateMs);
  return { commonName, publicKey, notBefore, notAfter: addMonths(now, months), extensions };
}

/** GeneralName: [2] is a DNS name, [7] an address (RFC 5280, 4.2.1.6). */
function toAltName(name: string): object {
  return isIP(name) ? { type: 7, ip: name } : { type: 2, value: name };
}

/** Any text will do that no other key has (RFC 7093, 2, method 4). */
function toSubjectKeyIdentifier(publicKey: Buffer): object {
  const hash = createHash('sha256').update(publicKey).digest().subarray(0, 20);
  // An OCTET STRING of 20 bytes.
  return { name: 'subjectKeyIdentifier', value: `\x04\x14${toBinary(hash)}` };
}

function toBinary(bytes: Buffer | undefined): string | undefined {
  return bytes?.toString('latin1');
}
