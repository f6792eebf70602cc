/** Waiting for sockets, and not past an abort. */

import type { Socket } from 'node:net';

/** Handlers of a socket's events. */
interface Handlers {
  readonly connect?: () => void;
  readonly secureConnect?: () => void;
  readonly readable?: () => void;
  readonly data?: (piece: Buffer) => void;
  readonly end?: () => void;
  readonly timeout?: () => void;
}

/**
 * Waits for what the handlers make of a socket's events; rejects with the socket's error, also
 * with one that came before, or with the signal's reason. No listener stays behind.
 */
export function waitFor<Result>(
  socket: Socket,
  signal: AbortSignal,
  makeHandlers: (resolve: (result: Result) => void, reject: (reason: unknown) => void) => Handlers,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    if (socket.destroyed) return reject(socket.errored ?? closedEarly());
    const settle = (end: () => void) => {
      for (const [event, listener] of listeners) socket.off(event, listener);
      signal.removeEventListener('abort', abort);
      end();
    };
    const fail = (reason: unknown) => settle(() => reject(reason));
    const abort = () => fail(signal.reason);
    const handlers = makeHandlers((result) => settle(() => resolve(result)), fail);
    const close = () => fail(closedEarly());
    const listeners = Object.entries({ error: fail, close, ...handlers });
    for (const [event, listener] of listeners) socket.on(event, listener);
    signal.addEventListener('abort', abort, { once: true });
  });
}

/** What Node says of a connection that ends where it must not. */
export function closedEarly(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}
