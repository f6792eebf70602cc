/** The TLS side of an Agent Controller (agent-port.md#controller). */

import type { Socket } from 'node:net';
import { createSecureContext, createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { KeyAndCertificate } from '../../helpers/certificates.ts';

/** One registration of the controller with a site. */
export interface PullConnection extends KeyAndCertificate {
  readonly uuid: string;
  /** PEM: the authority of the site. */
  readonly rootCert: string;
}

export interface TerminatorSettings {
  readonly versions?: Pick<TlsOptions, 'minVersion' | 'maxVersion'>;
  /** Called with the name a site asks for in its handshake. */
  readonly onServerName?: (name: string) => void;
}

export interface Terminator {
  /** Takes a socket over; resolves when both sides have proved who they are, else never does. */
  accept(socket: Socket, ready: (secured: TLSSocket) => void): void;
}

/** Serves all registrations, told apart by the name asked for. */
export function makeTerminator(
  connections: readonly PullConnection[],
  { versions = {}, onServerName = () => undefined }: TerminatorSettings,
): Terminator {
  // Every site may ask for every UUID it knows: the authorities of all go for each.
  const ca = connections.map((own) => own.rootCert);
  const contexts = new Map(
    connections.map(({ uuid, cert, key }) => [uuid, createSecureContext({ cert, key, ca })]),
  );
  const waiting = new Map<string, { socket: Socket; ready: (secured: TLSSocket) => void }>();
  const server = createServer({
    requestCert: true,
    // Checked below: Node would hang up as if all were well, where a controller sends an alert.
    rejectUnauthorized: false,
    ca,
    minVersion: 'TLSv1.2',
    ...versions,
    SNICallback: (name, choose) => {
      onServerName(name);
      const context = contexts.get(name);
      choose(context === undefined ? new Error('no such UUID') : null, context);
    },
  });
  server.on('tlsClientError', (_, secured) => secured.destroy());
  server.on('secureConnection', (secured) => {
    secured.on('error', () => undefined);
    const waiter = waiting.get(endpointOf(secured));
    if (waiter === undefined) return;
    if (isSite(secured)) waiter.ready(secured);
    else waiter.socket.resetAndDestroy();
  });
  return {
    accept(socket, ready) {
      const endpoint = endpointOf(socket);
      waiting.set(endpoint, { socket, ready });
      socket.once('close', () => waiting.delete(endpoint));
      server.emit('connection', socket);
    },
  };
}

/** Both ends: two connections to different addresses of this machine may come from one port. */
function endpointOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

/** A certificate of a known authority, with one common name that is not an agent's. */
function isSite(secured: TLSSocket): boolean {
  const subject = secured.getPeerX509Certificate()?.subject ?? '';
  const names = subject.split('\n').filter((line) => line.startsWith('CN='));
  const [name = ''] = names;
  return secured.authorized && names.length === 1 && !looksLikeUuid(name.slice(3));
}

/** Also bare, in braces, and as a URN. */
function looksLikeUuid(name: string): boolean {
  const digits = name.replace(/^urn:uuid:/i, '').replace(/^\{(.*)\}$/, '$1');
  return /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.test(digits);
}
