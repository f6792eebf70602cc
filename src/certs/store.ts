/** The receiver's certificates: files a person can read, in one directory. */

import { dirname, join } from 'node:path';
import { withFlag } from '../cli/options.ts';
import { systemClock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import {
  makeDirectory,
  readDirectory,
  remove,
  renameFile,
  resolveLinks,
} from '../files/file-calls.ts';
import { replaceFile, syncDirectory, toFreshPath } from '../system/durable-files.ts';
import { type Authority, loadAuthority, loadAuthorityCertificate } from './authority.ts';
import { findControllerObjection } from './controller-rule.ts';
import { files } from './directory.ts';
import { parseName, parseSite } from './dns-name.ts';
import { makeAuthority, makeServerPair, type ServerPair, toKeyPem } from './make.ts';
import { certificatesIn, keyIn, readPemFile } from './pem-files.ts';

export { findControllerObjection };

/** What the receiver needs of them. All PEM with LF line ends. */
export interface CertificateStore {
  readonly directory: string;
  /** The receiver's CA, one block; `root_cert` of a registration. */
  readonly rootCert: string;
  /** Signs the certificates of hosts, and nothing else is trusted for them; one block. */
  readonly agentCaCert: string;
  /** The leaf first, then further certificates of its chain if there are any. */
  readonly serverCert: string;
  readonly serverKey: string;
}

/** What the server certificate is for. */
export interface ServerNames {
  /** The common name, which has to look like a DNS name. */
  readonly site: string;
  /** More DNS names and IP addresses. */
  readonly names: readonly string[];
  /** When its life begins; now, unless said otherwise. */
  readonly now?: Date;
}

/**
 * Makes both CAs and a server certificate; all of it or nothing.
 *
 * @throws CourierError USAGE when a name is none; CONFIG when the directory holds anything; LOCAL
 */
export async function initCertificates(
  directory: string,
  options: ServerNames,
): Promise<CertificateStore> {
  checkNames(options);
  const target = await requireEmpty(directory);
  const now = options.now ?? new Date(systemClock.now());
  // Common names are at most 64 characters long (RFC 5280, A.1).
  const [root, agentCa] = await Promise.all([
    makeAuthority(`Receiver CA of ${options.site}`.slice(0, 64), now),
    makeAuthority(`Agent CA of ${options.site}`.slice(0, 64), now),
  ]);
  const server = await makeServerPair(options, root, now);
  await putDirectory(target, { root, agentCa, server });
  return loadCertificates(directory);
}

/**
 * Reads the certificates and checks that each key fits.
 *
 * @throws CourierError CONFIG or LOCAL, naming the file
 */
export async function loadCertificates(directory: string): Promise<CertificateStore> {
  try {
    const [root, agentCa, serverFile] = await Promise.all([
      loadAuthorityCertificate(directory, 'receiver'),
      loadAuthority(directory, 'agent'),
      readPemFile(join(directory, files.server)),
    ]);
    const chain = certificatesIn(serverFile);
    return {
      directory,
      rootCert: root.pem,
      agentCaCert: agentCa.certificate,
      serverCert: chain.map(({ pem }) => pem).join(''),
      serverKey: keyIn(serverFile, chain[0]).pem,
    };
  } catch (thrown) {
    throw withHint(asCourierError(thrown, `reading ${directory}`));
  }
}

/**
 * Makes a new server certificate and key under the same CA. Hosts notice nothing.
 *
 * @throws CourierError USAGE when a name is none; CONFIG when the CA is one hosts refuse; LOCAL
 */
export async function renewServerCertificate(
  directory: string,
  options: ServerNames,
): Promise<CertificateStore> {
  checkNames(options);
  const root = await loadAuthority(directory, 'receiver');
  const now = options.now ?? new Date(systemClock.now());
  const server = await makeServerPair(options, root, now);
  const objection = findControllerObjection(server.certificate, root.certificate, now);
  if (objection !== undefined) {
    throw new CourierError('CONFIG', `hosts would refuse the new certificate: ${objection}`);
  }
  await replaceFile(join(directory, files.server), toText(server));
  return loadCertificates(directory);
}

function checkNames({ site, names }: ServerNames): void {
  withFlag('the site', () => parseSite(site));
  for (const name of names) withFlag('each name', () => parseName(name));
}

/** Where the directory really is; it need not be there. */
async function requireEmpty(directory: string): Promise<string> {
  try {
    const target = await resolveLinks(directory);
    const [first] = await readDirectory(target);
    if (first === undefined) return target;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return directory;
    throw asCourierError(error, `reading ${directory}`);
  }
  throw occupied(directory);
}

function occupied(directory: string): CourierError {
  const why = 'hosts trust the CA in it, so it is never overwritten';
  return new CourierError('CONFIG', `${directory} is not empty: ${why}; move it away first`);
}

interface Made {
  readonly root: Authority;
  readonly agentCa: Authority;
  readonly server: ServerPair;
}

/** A directory can take the place of an empty one, and of no other. */
async function putDirectory(directory: string, { root, agentCa, server }: Made): Promise<void> {
  const fresh = toFreshPath(directory);
  try {
    await makeDirectory(dirname(directory), { recursive: true, mode: 0o700 });
    await makeDirectory(fresh, { mode: 0o700 });
    await replaceFile(join(fresh, files.root), root.certificate);
    await replaceFile(join(fresh, files.rootKey), toKeyPem(root.key));
    await replaceFile(join(fresh, files.agentCa), agentCa.certificate);
    await replaceFile(join(fresh, files.agentCaKey), toKeyPem(agentCa.key));
    await replaceFile(join(fresh, files.server), toText(server));
    await renameFile(fresh, directory);
    await syncDirectory(dirname(directory));
  } catch (error) {
    await remove(fresh, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw occupied(directory);
    throw asCourierError(error, `writing ${directory}`);
  }
}

function toText({ certificate, key }: ServerPair): string {
  return `${certificate}${key}`;
}

function withHint(error: CourierError): CourierError {
  const isMissing = errorCode(error.cause) === 'ENOENT';
  if (!isMissing) return error;
  return new CourierError(error.code, `${error.message}; cmk-courier certs init makes them`, {
    cause: error,
  });
}
