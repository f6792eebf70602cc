/** `cmk-courier hosts certificate`: client certificates that write for several hosts. */

import { generateKeyPair, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { addMonths, toTime } from '../../certs/dates.ts';
import { longestPem } from '../../certs/request.ts';
import { Revocations } from '../../certs/revocation.ts';
import {
  defaultMonths,
  readRequestedKey,
  type SignedCertificate,
  signWriterCertificate,
} from '../../certs/signing.ts';
import { CourierError, prefixError, quote } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { readStart, withOpened } from '../../files/read-start.ts';
import { type Access, Accesses } from '../state/accesses.ts';
import { nameAccess } from './list.ts';

export interface CertificateWish {
  /** What `hosts list` calls it. */
  readonly name: string | undefined;
  readonly piggyback: readonly string[];
  /** Milliseconds until the rights end; undefined for as long as it is renewed. */
  readonly valid: number | undefined;
  /** A file with a signing request: the private key stays where that was made. */
  readonly request: string | undefined;
  readonly now: number;
}

export interface Places {
  readonly state: string;
  readonly certificates: string;
}

/** What is given away, and what it may do. */
export interface MadeCertificate {
  readonly access: Access;
  readonly signed: SignedCertificate;
  /** PEM, PKCS#8; undefined where the key was made elsewhere. */
  readonly key: string | undefined;
}

const generate = promisify(generateKeyPair);

/**
 * A certificate of the agent CA with a common name of its own, and its rights in the state of the
 * receiver.
 *
 * @throws CourierError USAGE, CONFIG, LOCAL; MALFORMED about the signing request
 */
export async function makeCertificate(
  places: Places,
  hosts: readonly string[],
  wish: CertificateWish,
): Promise<MadeCertificate> {
  const { name = '', piggyback, valid, now } = wish;
  const uuid = randomUUID();
  const { publicKey, key } = await findKey(wish.request);
  const expiresAt = valid === undefined ? undefined : toSecond(now + valid);
  const accesses = await Accesses.open(places.state);
  const signed = await signWriterCertificate({ uuid, publicKey }, places.certificates, {
    notAfter: endOf(now, expiresAt),
    now: new Date(now),
  });
  const rights = { uuid, name, hosts, piggyback, expiresAt, now };
  const access = await accesses.makeCertificate({ ...rights, certificate: signed });
  return { access, signed, key };
}

/**
 * A further certificate with the same rights; those before it stay good until they expire.
 *
 * @param which the name or UUID of one
 * @throws CourierError as {@link makeCertificate}
 */
export async function renewCertificate(
  places: Places,
  which: string,
  { request, valid, now }: CertificateWish,
): Promise<MadeCertificate> {
  const accesses = await Accesses.open(places.state);
  const found = await findOne(which, accesses);
  const { publicKey, key } = await findKey(request);
  const known = found.expiresAt === null ? undefined : new Date(found.expiresAt);
  const expiresAt = valid === undefined ? known : toSecond(now + valid);
  if (expiresAt !== undefined && expiresAt.getTime() <= now) {
    const what = `the rights of ${nameAccess(found)} have expired; --valid gives them another end`;
    throw new CourierError('USAGE', what);
  }
  const signed = await signWriterCertificate({ uuid: found.id, publicKey }, places.certificates, {
    notAfter: endOf(now, expiresAt),
    now: new Date(now),
  });
  const revocations = await Revocations.load(places.certificates);
  const revoke = async (serials: readonly string[]) => {
    for (const serial of serials) await revocations.add(serial, found.id, new Date(now));
  };
  const added = { ...signed, expiresAt };
  const access = await accesses.addCertificate(found, added, { now, revoke });
  if (access !== undefined) return { access, signed, key };
  throw new CourierError('USAGE', `${nameAccess(found)} was revoked meanwhile`);
}

/** What goes to the relay: the private key, where it was made here, and the certificate. */
export function toPem({ signed, key = '' }: MadeCertificate): string {
  return `${key}${signed.certificate}`;
}

export function toDocument({ access, signed, key }: MadeCertificate) {
  const { id, name, hosts, piggyback, expiresAt } = access;
  const { certificate, serial, notAfter } = signed;
  const about = { id, name, hosts, piggyback, expiresAt, serial, notAfter: toTime(notAfter) };
  return { ...about, certificate, key: key ?? null };
}

async function findOne(which: string, accesses: Accesses): Promise<Access> {
  const all = (await accesses.list()).filter(({ kind }) => kind === 'certificate');
  const found = all.filter(({ id, name }) => id === which || name === which);
  const [one, second] = found;
  if (one === undefined) {
    const hint = '`cmk-courier hosts list` shows them';
    throw new CourierError('USAGE', `there is no certificate ${quote(which)}; ${hint}`);
  }
  if (second === undefined) return one;
  const ids = found.map(({ id }) => id).join(', ');
  throw new CourierError('USAGE', `several certificates are called ${quote(which)}: ${ids}`);
}

async function findKey(
  request: string | undefined,
): Promise<{ readonly publicKey: Buffer; readonly key: string | undefined }> {
  if (request !== undefined) {
    return { publicKey: (await readRequest(request)).publicKey, key: undefined };
  }
  const { publicKey, privateKey } = await generate('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { publicKey, key: privateKey };
}

async function readRequest(path: string): ReturnType<typeof readRequestedKey> {
  const doing = `reading --request ${path}`;
  const read = await withOpened(path, (file) => readStart(file, longestPem + 1)).catch(
    (error: unknown) => {
      throw asCourierError(error, doing);
    },
  );
  if (typeof read === 'string') {
    throw new CourierError(
      'LOCAL',
      `${doing}: ${read === 'gone' ? 'there is no such file' : read}`,
    );
  }
  return readRequestedKey(read.toString('latin1')).catch((error: unknown) => {
    throw prefixError(asCourierError(error, doing), doing);
  });
}

/** No longer than the rights, and as long as certificates of hosts. */
function endOf(now: number, expiresAt: Date | undefined): Date {
  const usual = addMonths(new Date(now), defaultMonths);
  return expiresAt !== undefined && expiresAt < usual ? expiresAt : usual;
}

/** Certificates know no parts of a second. */
function toSecond(ms: number): Date {
  return new Date(Math.trunc(ms / 1000) * 1000);
}
