/** Connecting sockets. */

import { connect, isIP, type Socket } from 'node:net';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { prepareNameCheck } from '../names/ip-address.ts';
import { waitFor } from '../system/waiting.ts';
import { formatLimit } from '../times/durations.ts';
import type { Arrivals } from './arrivals.ts';

export interface Endpoint {
  /** The path of a Unix socket, which takes the place of host and port. */
  readonly path?: string;
  readonly host?: string;
  readonly port?: number;
  /** 0 for both. */
  readonly family: 0 | 4 | 6;
  /** The shared buffer for what arrives; left out, each read has memory of its own. */
  readonly arrivals?: Arrivals | undefined;
}

/**
 * Connects a socket; when it rejects there is none left.
 *
 * @throws CourierError, the signal's reason included
 */
export async function openSocket(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  checkFamily(endpoint);
  const socket = await startConnecting(endpoint, signal);
  if (endpoint.arrivals !== undefined) endpoint.arrivals.socket = socket;
  // A late error of the socket must not end the process.
  socket.on('error', () => undefined);
  socket.setNoDelay(true);
  try {
    await waitFor<void>(socket, signal, (resolve) => ({ connect: () => resolve() }));
    return socket;
  } catch (error) {
    socket.destroy();
    throw explainConnect(error, endpoint);
  }
}

async function startConnecting(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  const { path, host = '', port = 0, family, arrivals } = endpoint;
  const reading = arrivals === undefined ? {} : { onread: arrivals.options };
  if (path !== undefined) return connect({ path, ...reading });
  prepareNameCheck(host);
  if (isIP(host) !== 0) return connect({ host, port, ...reading });
  const { answerWith, sharedLookup } = await import('../lookup/lookup.ts');
  const found = await sharedLookup().find(host, family, signal);
  return connect({ host, port, lookup: answerWith(found), ...reading });
}

/** An address is of one family. */
function checkFamily({ host = '', port, family }: Endpoint): void {
  if (family === 0 || isIP(host) === 0 || isIP(host) === family) return;
  throw new CourierError(
    'UNREACHABLE',
    `connecting to ${host}:${port}: not an IPv${family} address`,
  );
}

function explainConnect(error: unknown, { path, host, port }: Endpoint): CourierError {
  const doing = `connecting to ${path ?? `${host}:${port}`}`;
  if (path !== undefined && errorCode(error) === 'ENOENT') {
    return new CourierError('UNREACHABLE', `${doing}: no such socket`, { cause: error });
  }
  return asCourierError(error, doing);
}

/** @param doing what takes long: `connecting to depot:443` */
export function tooSlow(doing: string, timeoutMs: number): CourierError {
  return new CourierError('TIMEOUT', `${doing}: no answer within ${formatLimit(timeoutMs)}`);
}
