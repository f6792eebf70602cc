/** Where the certificates are, and what the files are called. */

import { join, resolve } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { CourierError } from '../faults/errors.ts';

/** Files below the directory. */
export const files = {
  /** The receiver's CA: what hosts trust. May be given to anybody. */
  root: 'ca.pem',
  /** Only needed to make a new server certificate, so it may be kept elsewhere. */
  rootKey: 'ca-key.pem',
  agentCa: 'agent-ca.pem',
  agentCaKey: 'agent-ca-key.pem',
  /** Certificate and key in one file, so that they change at once. */
  server: 'server.pem',
  /** Every certificate made for a host: serial, uuid, when, valid until. */
  issued: 'issued.txt',
  /** Serials no longer accepted: serial, uuid, when. */
  revoked: 'revoked.txt',
} as const;

/**
 * The directory given, or where it is when none is given: below the site's configuration, or
 * below the user's own (XDG Base Directory Specification).
 *
 * @param option that gives it, for the error
 * @throws CourierError USAGE when there is neither a site nor a home
 */
export function findCertificateDirectory(
  given: string | undefined,
  env: Environment,
  option = '--dir',
): string {
  if (given !== undefined) return resolve(given);
  const { OMD_ROOT, XDG_CONFIG_HOME, HOME } = env;
  const configuration = XDG_CONFIG_HOME || (HOME && join(HOME, '.config'));
  const parent = OMD_ROOT ? join(OMD_ROOT, 'etc') : configuration;
  if (parent) return resolve(parent, 'cmk-courier', 'certs');
  throw new CourierError('USAGE', `${option} is missing: neither OMD_ROOT nor HOME is set`);
}
