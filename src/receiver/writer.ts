/** Who writes for a host: by token, user and password, or the host's certificate. */

import { type HostName, parseHostName } from '../names/host-name.ts';
import type { Exchange } from './exchange.ts';
import { matchesPattern } from './patterns.ts';
import { Refusal } from './refusal.ts';
import type { Services } from './services.ts';
import { allPiggyback } from './state/hosts.ts';

/** Somebody known, and for whom it may write. */
export interface Writer {
  readonly name: string;
  /** What people call it. */
  readonly title: string;
  readonly hosts: readonly string[];
  readonly piggyback: readonly string[];
}

/** @throws Refusal 403 */
export function requireHost({ hosts }: Writer, host: HostName): void {
  if (matchesPattern(host, hosts)) return;
  throw new Refusal('forbidden', 'not allowed to write for this host');
}

/**
 * An unknown client learns neither whether the host exists nor whether its name is valid.
 *
 * @throws Refusal 401, 403, 429
 */
export async function identifyWriter(exchange: Exchange, services: Services): Promise<Writer> {
  const { request, address } = exchange;
  const { authorization } = request.headers;
  if (authorization === undefined && services.trust.hasCertificate(request.socket)) {
    return identifyByCertificate(exchange, services);
  }
  const kinds = ['user', 'upload'] as const;
  const access = await services.credentials.authenticate(authorization, address, kinds);
  if (!access.rights.includes('upload')) {
    throw new Refusal('forbidden', 'not allowed to upload');
  }
  return {
    name: `${access.kind === 'user' ? 'user' : 'token'} ${access.id}`,
    title: access.name || access.id,
    hosts: access.hosts,
    piggyback: [...access.hosts, ...access.piggyback],
  };
}

async function identifyByCertificate(exchange: Exchange, services: Services): Promise<Writer> {
  const certificate = await services.trust
    .requireCertificate(exchange.request.socket)
    .catch((error) => {
      if (error instanceof Refusal)
        throw new Refusal('unauthenticated', error.message, { cause: error });
      throw error;
    });
  const registered = await services.state.hosts.byUuid(certificate.uuid);
  if (registered === undefined) {
    throw new Refusal('unauthenticated', 'the client certificate belongs to no registered host');
  }
  return {
    name: `certificate ${certificate.uuid}`,
    title: registered.host,
    // A registered name is no pattern: it has no star.
    hosts: [registered.host],
    piggyback: allPiggyback(registered),
  };
}

/**
 * Who writes for a host, looked at once more when all of a long request has come: it may have been
 * revoked meanwhile.
 *
 * @throws Refusal 401, 403, 429
 */
export async function confirmWriter(
  host: HostName,
  exchange: Exchange,
  services: Services,
): Promise<Writer> {
  const writer = await identifyWriter(exchange, services);
  requireHost(writer, host);
  return writer;
}

/** @throws Refusal 400 */
export function parseHostOfPath(text: string): HostName {
  try {
    return parseHostName(text);
  } catch (error) {
    throw new Refusal('bad-request', 'the host in the path is no name Checkmk accepts', {
      cause: error,
    });
  }
}
