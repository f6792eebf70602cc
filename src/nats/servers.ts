/** Which servers of NATS are meant. */

import { CourierError, quote } from '../faults/errors.ts';
import { isIpv6Address } from '../names/ip-address.ts';

export interface NatsServer {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

const defaultPort = 4222;

/**
 * `broker1.example,broker2.example:4223`, as it stands behind `nats://`: any of the servers will do.
 *
 * @throws CourierError USAGE
 */
export function parseNatsServers(authority: string): readonly NatsServer[] {
  if (authority.includes('@')) {
    throw new CourierError('USAGE', 'a nats: source holds no user; use --user');
  }
  const servers = authority.split(',').map(parseServer);
  const names = servers.map(showServer);
  return servers.filter((_, index) => names.indexOf(names[index] ?? '') === index);
}

function parseServer(text: string): NatsServer {
  const [, bracketed, bare = '', digits] =
    /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? bare;
  const port = Number(digits ?? defaultPort);
  const isHost = bracketed === undefined ? /^[\w.-]+$/.test(host) : isIpv6Address(host);
  if (isHost && port > 0 && port <= 65_535) return { host, port };
  throw new CourierError(
    'USAGE',
    `a nats: source needs servers such as broker.example:4222, not ${quote(text)}`,
  );
}

/** `broker.example:4222`, for messages. */
export function showServer({ host, port }: NatsServer): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** `broker1.example:4222 or broker2.example:4222`. */
export function showServers(servers: readonly NatsServer[]): string {
  return servers.map(showServer).join(' or ');
}

/** Nobody listens between us and a server on this machine. */
export function isLoopback({ host }: NatsServer): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
