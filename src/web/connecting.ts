/** From a place to a connection: socket, proxy, TLS, in this order. */

import type { Socket } from 'node:net';
import { withTimeLimit } from '../system/time-limit.ts';
import { Arrivals } from './arrivals.ts';
import { Connection } from './connection.ts';
import { loadParser } from './parser.ts';
import { portOf, showPeer, type WebPlace } from './place.ts';
import type { ChooseProxy, ProxyAccess } from './proxy.ts';
import { bareHost } from './proxy-address.ts';
import type { Hop } from './redirects.ts';
import { type Endpoint, openSocket, tooSlow } from './socket.ts';
import type { TlsSettings } from './tls.ts';

export interface ConnectSettings {
  /** For the whole connecting, with name resolution, proxy and TLS. */
  readonly connectTimeoutMs: number;
  /** 0 for both. */
  readonly family: 0 | 4 | 6;
  readonly chooseProxy: ChooseProxy;
  /** Read when TLS is first needed, and once. */
  readonly tls: () => Promise<TlsSettings>;
}

/**
 * Connects; when it rejects nothing is left open.
 *
 * @throws CourierError, the signal's reason included
 */
export async function openConnection(
  hop: Hop,
  settings: ConnectSettings,
  signal: AbortSignal,
): Promise<Connection> {
  const { place } = hop;
  const proxy = settings.chooseProxy(place.url);
  const tls = place.url.protocol === 'https:' ? await settings.tls() : undefined;
  const doing = `connecting to ${showPeer(place)}`;
  const timeoutMs = settings.connectTimeoutMs;
  const limit = { timeoutMs, tooSlow: () => tooSlow(doing, timeoutMs) };
  return withTimeLimit(limit, signal, async (limited) => {
    // Loading takes about as long as connecting, so both go on at once.
    const arrivals = tls === undefined ? new Arrivals() : undefined;
    const endpoint = { ...endpointOf(place, proxy, settings.family), arrivals };
    const opening = openSocket(endpoint, limited);
    const [socket] = await Promise.all([opening, loadParser()]);
    try {
      if (tls === undefined) return await Connection.over(socket, { arrivals });
      if (proxy !== undefined) await passProxy(socket, place, proxy, limited);
      return await secure(socket, hop, tls, limited);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  });
}

function endpointOf(place: WebPlace, proxy: ProxyAccess | undefined, family: 0 | 4 | 6): Endpoint {
  if (place.socketPath !== undefined) return { path: place.socketPath, family: 0 };
  const { host, port } = proxy ?? { host: bareHost(place.url), port: portOf(place.url) };
  return { host, port, family };
}

async function passProxy(
  socket: Socket,
  place: WebPlace,
  proxy: ProxyAccess,
  signal: AbortSignal,
): Promise<void> {
  const { digTunnel } = await import('./tunnel.ts');
  const peer = showPeer(place);
  await digTunnel(socket, { peer, proxyAuthorization: proxy.authorization }, signal);
}

async function secure(
  socket: Socket,
  { place, isKnown }: Hop,
  settings: TlsSettings,
  signal: AbortSignal,
): Promise<Connection> {
  const { startTls, wantsCertificate } = await import('./tls.ts');
  const named = { shown: showPeer(place), host: bareHost(place.url), isKnown };
  const peer = { ...named, protocol: 'http/1.1' } as const;
  const secured = await startTls(socket, peer, settings, signal);
  return Connection.over(secured, { wantsCertificate: wantsCertificate(secured) });
}
