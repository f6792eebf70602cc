/** Who writes for a host: by token, user and password, or certificate. */

import { toSerial } from '../certs/revocation.ts';
import { type HostName, parseHostName } from '../names/host-name.ts';
import type { Exchange } from './exchange.ts';
import { matchesPattern } from './patterns.ts';
import type { PeerCertificate } from './peer.ts';
import { Refusal } from './refusal.ts';
import type { Services } from './services.ts';
import type { Access } from './state/accesses.ts';
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
  const { trust, state } = services;
  const { accesses, hosts } = state;
  const { socket } = exchange.request;
  const access = await accesses.certificate(trust.uuidOf(socket) ?? '');
  const remedy = access && `cmk-courier hosts certificate --renew=${access.id} makes another`;
  const certificate = await trust.requireCertificate(socket, remedy).catch((error) => {
    if (error instanceof Refusal)
      throw new Refusal('unauthenticated', error.message, { cause: error });
    throw error;
  });
  if (access !== undefined) return toWriter(access, certificate, services);
  const registered = await hosts.byUuid(certificate.uuid);
  if (registered === undefined) {
    const why =
      'the client certificate belongs to no registered host, and has no rights of its own';
    throw new Refusal('unauthenticated', why);
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
 * A common name alone is nobody: any host may choose its own when it registers. What was issued
 * for these rights is known by its serial.
 */
function toWriter(
  { id, name, hosts, piggyback, expiresAt, certificates = [] }: Access,
  { serial }: PeerCertificate,
  { clock }: Services,
): Writer {
  if (!certificates.some((one) => toSerial(one.serial) === toSerial(serial))) {
    const why = `the client certificate has the name of ${id}, and was not made for it`;
    throw new Refusal('unauthenticated', why);
  }
  if (expiresAt !== null && !(clock.now() < Date.parse(expiresAt))) {
    const why = `the rights of this certificate have expired: they were good until ${expiresAt}`;
    throw new Refusal('unauthenticated', why);
  }
  const all = [...hosts, ...piggyback];
  return { name: `certificate ${id}`, title: name || id, hosts, piggyback: all };
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
