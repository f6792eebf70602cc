/**
 * The files with which a site proves who it is, and knows its agents (agent-port.md#certificates).
 */

import { readFile } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { readSecretFile, type Secret } from '../../secrets/secrets.ts';
import type { OpenContext } from '../transport.ts';
import type { TcpOptions } from './options.ts';

// `node:fs/promises` would do the same, but takes 1.5 ms to load.
const readWholeFile = promisify(readFile);

/** Both ends' certificates. */
export interface SiteFiles {
  /** PEM: the private key, the certificate, and behind it its authority. */
  readonly siteCert: Secret;
  readonly siteCertPath: string;
  /** PEM: whom agent certificates may come from, and nobody else. */
  readonly agentCa: Buffer;
}

/**
 * Reads them anew for every handshake: the store changes when hosts are registered.
 *
 * @throws CourierError USAGE when it is not known where they are, LOCAL when they cannot be read,
 * CONFIG when they are not what they should be
 */
export async function readSiteFiles(
  options: Pick<TcpOptions, 'siteCert' | 'agentCa'>,
  { env, log }: OpenContext,
): Promise<SiteFiles> {
  const root = env['OMD_ROOT'];
  const site = env['OMD_SITE'];
  const siteFile = root && site ? join(root, 'etc/ssl/sites', `${site}.pem`) : undefined;
  const storeFile = root ? join(root, 'etc/ssl/agent_cert_store.pem') : undefined;
  const siteCertPath = options.siteCert ?? siteFile;
  const agentCaPath = options.agentCa ?? storeFile;
  if (siteCertPath === undefined) throw nowhere('--site-cert', '$OMD_ROOT and $OMD_SITE');
  if (agentCaPath === undefined) throw nowhere('--agent-ca', '$OMD_ROOT');
  const siteCert = await readSecretFile(siteCertPath, '--site-cert', log);
  checkPem(siteCert.reveal(), 'certificate', `reading --site-cert ${siteCertPath}`);
  checkPem(siteCert.reveal(), 'private key', `reading --site-cert ${siteCertPath}`);
  return { siteCert, siteCertPath, agentCa: await readStore(agentCaPath) };
}

/** Never falls back to the authorities of the system. */
async function readStore(path: string): Promise<Buffer> {
  const doing = `reading --agent-ca ${path}`;
  const bytes = await readWholeFile(path).catch((error: unknown) => {
    throw asCourierError(error, doing);
  });
  checkPem(bytes.toString('latin1'), 'certificate', doing);
  return bytes;
}

function checkPem(pem: string, wanted: 'certificate' | 'private key', doing: string): void {
  const label = wanted === 'certificate' ? 'CERTIFICATE' : '(?:[A-Z]+ )*PRIVATE KEY';
  if (new RegExp(`^-----BEGIN ${label}-----`, 'm').test(pem)) return;
  throw new CourierError('CONFIG', `${doing}: no ${wanted} in PEM found`);
}

function nowhere(flag: string, variables: string): CourierError {
  return new CourierError(
    'USAGE',
    `${flag} is missing, and there is no ${variables} to find it by`,
  );
}
