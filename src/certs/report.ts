/** What there is to know about the certificates, for people and for programs. */

import { X509Certificate } from 'node:crypto';
import { isIPv6, SocketAddress } from 'node:net';
import { join } from 'node:path';
import { pathStatus } from '../files/file-calls.ts';
import { findUseWarnings } from './client-use.ts';
import { toTime } from './dates.ts';
import { files } from './directory.ts';
import { countDaysLeft, findExpiryWarnings } from './expiry.ts';
import { type CertificateStore, findControllerObjection } from './store.ts';

export interface CertificateReport {
  readonly what: string;
  readonly file: string;
  readonly subject: string;
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly validFrom: string;
  readonly validUntil: string;
  readonly daysLeft: number;
  /** SHA-256. */
  readonly fingerprint: string;
}

export interface StoreReport {
  readonly directory: string;
  readonly certificates: readonly CertificateReport[];
  /** Why hosts would refuse the server certificate; null when they would not. */
  readonly objection: string | null;
  readonly warnings: readonly string[];
}

/** Looks at everything, and says what is not as it should be. */
export async function describeStore(store: CertificateStore, now: Date): Promise<StoreReport> {
  const { directory, rootCert, agentCaCert, serverCert } = store;
  return {
    directory,
    certificates: [
      describe('receiver CA', files.root, { pem: rootCert, now }),
      describe('agent CA', files.agentCa, { pem: agentCaCert, now }),
      describe('server', files.server, { pem: serverCert, now }),
    ],
    objection: findControllerObjection(serverCert, rootCert, now) ?? null,
    warnings: [
      ...findExpiryWarnings(store, { now, belowDays: 90 }),
      ...findUseWarnings(store),
      ...(await findOpenFiles(directory)),
    ],
  };
}

/** The DNS names and IP addresses of a certificate, as one would type them. */
export function listNames({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return [...subjectAltName.matchAll(/(?:DNS|IP Address):([^,"]+)/g)].map(([, name = '']) =>
    isIPv6(name) ? new SocketAddress({ address: name, family: 'ipv6' }).address : name,
  );
}

/** `ca.pem`, then what it says, a line each. */
export function toText({ directory, certificates, objection, warnings }: StoreReport): string {
  const verdict =
    objection === null
      ? 'The Agent Controller accepts the server certificate.'
      : `error: the Agent Controller would refuse the server certificate: ${objection}`;
  const ends = [verdict, ...warnings.map((warning) => `warning: ${warning}`)];
  return [directory, '', ...certificates.map(toBlock), ...ends, ''].join('\n');
}

function toBlock(report: CertificateReport): string {
  const { what, file, subject, names, validFrom, validUntil, daysLeft, fingerprint } = report;
  const rows = [
    ['subject', subject],
    ...(names.length === 0 ? [] : [['names', names.join(', ')]]),
    ['valid', `${validFrom} to ${validUntil}`],
    ['days left', String(daysLeft)],
    ['SHA-256', fingerprint],
  ];
  const lines = rows.map(([name = '', value]) => `  ${name.padEnd(9)}  ${value}`);
  return [`${what}: ${file}`, ...lines, ''].join('\n');
}

interface Shown {
  readonly pem: string;
  readonly now: Date;
}

function describe(what: string, file: string, { pem, now }: Shown): CertificateReport {
  const certificate = new X509Certificate(pem);
  return {
    what,
    file,
    subject: certificate.subject.replaceAll('\n', ', '),
    names: listNames(certificate),
    validFrom: toTime(certificate.validFromDate),
    validUntil: toTime(certificate.validToDate),
    daysLeft: countDaysLeft(certificate, now),
    fingerprint: certificate.fingerprint256,
  };
}

/** Keys that others than their owner may read or change. */
async function findOpenFiles(directory: string): Promise<readonly string[]> {
  const keys = [files.rootKey, files.agentCaKey, files.server];
  const found = keys.map(async (file) => {
    // The key of the receiver's CA may be kept elsewhere.
    const mode = await pathStatus(join(directory, file)).then(
      (stats) => stats.mode,
      () => 0,
    );
    return (mode & 0o077) === 0 ? [] : [`${file} holds a key others may read; chmod 600 it`];
  });
  return (await Promise.all(found)).flat();
}
