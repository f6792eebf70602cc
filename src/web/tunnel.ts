/** A way through a proxy: CONNECT (RFC 9110 9.3.6). */

import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { CourierError } from '../faults/errors.ts';
import { asHttpFault } from './http-errors.ts';
import { parserOver } from './parser.ts';

/** Where the tunnel ends, and what the proxy wants to know before. */
export interface Tunnel {
  /** `host:port` behind the proxy. */
  readonly peer: string;
  readonly proxyAuthorization: string | undefined;
}

/**
 * Makes a connection to a proxy one to the peer behind it.
 *
 * @throws CourierError REFUSED when the proxy does not let us, UNREACHABLE when it cannot
 */
export async function digTunnel(
  socket: Socket,
  tunnel: Tunnel,
  signal: AbortSignal,
): Promise<void> {
  const client = await parserOver(socket, 'http://proxy');
  const status = await new Promise<number>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) return reject(signal.reason);
    client.dispatch(toConnect(tunnel), new ConnectHandler(resolve, reject));
  }).catch((error: unknown) => {
    throw asHttpFault(error, `asking the proxy for ${tunnel.peer}`);
  });
  if (status < 200 || status > 299) throw refusal(status, tunnel.peer);
}

function toConnect({ peer, proxyAuthorization }: Tunnel): Dispatcher.DispatchOptions {
  const authorization =
    proxyAuthorization === undefined ? [] : ['proxy-authorization', proxyAuthorization];
  return { method: 'CONNECT', path: peer, headers: ['host', peer, ...authorization] };
}

class ConnectHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (status: number) => void;
  readonly #reject: (error: Error) => void;

  constructor(resolve: (status: number) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {}

  /** undici calls this for any status; the socket is ours again. */
  onRequestUpgrade(_: unknown, status: number, __: IncomingHttpHeaders): void {
    this.#resolve(status);
  }

  onResponseError(_: unknown, error: Error): void {
    this.#reject(error);
  }
}

function refusal(status: number, peer: string): CourierError {
  const doing = `asking the proxy for ${peer}: the proxy answered ${status}`;
  if (status === 407) return new CourierError('REFUSED', `${doing}: it wants other credentials`);
  if (status === 401 || status === 403) {
    return new CourierError('REFUSED', `${doing}: it does not allow this`);
  }
  return [502, 503, 504].includes(status)
    ? new CourierError('UNREACHABLE', `${doing}: it cannot connect`)
    : new CourierError('PEER', doing);
}
