/**
 * The files with which a site proves who it is, and knows its agents (agent-port.md#certificates).
 */

import { join } from 'node:path';
import { files } from '../../certs/directory.ts';
import type { Revocations } from '../../certs/revocation.ts';
import { readPemFile, requirePem } from '../../certs/tls-pem.ts';
import type { Environment } from '../../cli/environment.ts';
import { CourierError } from '../../faults/errors.ts';
import { readSecretFile, type Secret } from '../../secrets/secrets.ts';
import type { OpenContext } from '../transport.ts';
import type { TcpOptions } from './options.ts';

/** Both ends' certificates. */
export interface SiteFiles {
  /** PEM: the private key, the certificate, and behind it its authority. */
  readonly siteCert: Secret;
  readonly siteCertPath: string;
  /** Whether `cmk-courier certs` made the certificate. */
  readonly isOurs: boolean;
  /** PEM: the only authorities that may have signed agent certificates. */
  readonly agentCa: Buffer;
  /** Serials that `certs revoke` denies; a site of Checkmk has no such list. */
  readonly revocations: Revocations | undefined;
}

/**
 * Reads them anew for every handshake: the store changes when hosts are registered.
 *
 * @param certificates what `certs init` made, for a host that is registered with our receiver
 * @throws CourierError USAGE when it is not known where they are, LOCAL when they cannot be read,
 * CONFIG when they are not what they should be
 */
export async function readSiteFiles(
  options: Pick<TcpOptions, 'siteCert' | 'agentCa'>,
  certificates: string | undefined,
  { env, log }: OpenContext,
): Promise<SiteFiles> {
  const usual = findUsual(certificates, env);
  const { siteCert: siteCertPath = usual.siteCert, agentCa: agentCaPath = usual.agentCa } = options;
  if (siteCertPath === undefined) throw nowhere('--site-cert', '$OMD_ROOT and $OMD_SITE');
  if (agentCaPath === undefined) throw nowhere('--agent-ca', '$OMD_ROOT');
  const siteCert = await readSecretFile(siteCertPath, '--site-cert', log);
  requirePem(siteCert.reveal(), 'certificate', `reading --site-cert ${siteCertPath}`);
  requirePem(siteCert.reveal(), 'private key', `reading --site-cert ${siteCertPath}`);
  const isOurs = certificates !== undefined && siteCertPath === usual.siteCert;
  // Never the system's authorities: each authority in this file can speak for any host.
  const doing = `reading --agent-ca ${agentCaPath}`;
  const agentCa = await readPemFile(agentCaPath, 'certificate', doing);
  const revocations = await readRevocations(certificates);
  return { siteCert, siteCertPath, isOurs, agentCa, revocations };
}

/** The default places of both files. */
function findUsual(certificates: string | undefined, { OMD_ROOT, OMD_SITE }: Environment) {
  if (certificates !== undefined) {
    return {
      siteCert: join(certificates, files.server),
      agentCa: join(certificates, files.agentCa),
    };
  }
  return {
    siteCert: OMD_ROOT && OMD_SITE ? join(OMD_ROOT, 'etc/ssl/sites', `${OMD_SITE}.pem`) : undefined,
    agentCa: OMD_ROOT ? join(OMD_ROOT, 'etc/ssl/agent_cert_store.pem') : undefined,
  };
}

async function readRevocations(certificates: string | undefined) {
  if (certificates === undefined) return undefined;
  const { Revocations } = await import('../../certs/revocation.ts');
  return Revocations.load(certificates);
}

function nowhere(flag: string, variables: string): CourierError {
  return new CourierError(
    'USAGE',
    `${flag} is missing, and there is no ${variables} to find it by`,
  );
}
