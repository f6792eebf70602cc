/** Sockets: connecting them, and waiting for them no longer than allowed. */

import { connect, isIP, type Socket } from 'node:net';
import { CourierError } from '../../errors.ts';
import { asCourierError, errorCode } from '../../system-errors.ts';

export interface Endpoint {
  /** The path of a Unix socket, which takes the place of host and port. */
  readonly path?: string;
  readonly host?: string;
  readonly port?: number;
  /** 0 for both. */
  readonly family: 0 | 4 | 6;
}

/**
 * Connects a socket; when it rejects there is none left.
 *
 * @throws CourierError, the signal's reason included
 */
export async function openSocket(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const { path, host = '', port = 0, family } = endpoint;
  checkFamily(endpoint);
  const socket = path !== undefined ? connect({ path }) : connect({ host, port, family });
  // An error after all is said and done must not end the process.
  socket.on('error', () => undefined);
  socket.setNoDelay(true);
  try {
    await untilReady(socket, 'connect', signal);
    return socket;
  } catch (error) {
    socket.destroy();
    throw explainConnect(error, endpoint);
  }
}

/** Node ignores the family when the host is an address. */
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

/** Waits for an event of a socket; rejects with the socket's error or the signal's reason. */
export function untilReady(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      socket.off(event, ready).off('error', fail);
      signal.removeEventListener('abort', abort);
      end();
    };
    const ready = () => settle(resolve);
    const fail = (error: Error) => settle(() => reject(error));
    const abort = () => settle(() => reject(signal.reason));
    if (signal.aborted) return reject(signal.reason);
    socket.once(event, ready).once('error', fail);
    signal.addEventListener('abort', abort, { once: true });
  });
}

/**
 * Lends `use` a signal that aborts with `signal`, or with TIMEOUT when it takes too long.
 *
 * @param doing what takes long: `connecting to depot:443`
 */
export async function withTimeLimit<Result>(
  timeoutMs: number,
  doing: string,
  signal: AbortSignal,
  use: (limited: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort(tooSlow(doing, timeoutMs)), timeoutMs);
  try {
    return await use(AbortSignal.any([signal, timer.signal]));
  } finally {
    clearTimeout(timeout);
  }
}

export function tooSlow(doing: string, timeoutMs: number): CourierError {
  return new CourierError('TIMEOUT', `${doing}: no answer within ${timeoutMs / 1000}s`);
}
