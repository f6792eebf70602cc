/** undici's HTTP/1.1 parser and writer, working on a socket that is connected already. */

import type { Socket } from 'node:net';
import type { Client } from 'undici';

/** The header of a response may be this long, in bytes. */
const maxHeaderSize = 16 * 1024;

/** Loads undici's client; later calls cost nothing. */
export async function loadParser(): Promise<typeof Client> {
  return (await import('undici/lib/dispatcher/client.js')).default;
}

/**
 * A client whose only connection is `socket`. Its own timers are off: they are exact to half a
 * second only.
 *
 * @param origin goes into the request as `Host` unless the request brings one
 */
export async function parserOver(socket: Socket, origin: string): Promise<Client> {
  const UndiciClient = await loadParser();
  let isTaken = false;
  return new UndiciClient(origin, {
    allowH2: false,
    pipelining: 1,
    maxHeaderSize,
    headersTimeout: 0,
    bodyTimeout: 0,
    // undici does not notice a connection that is there before it has finished asking for it.
    connect: (_, done) =>
      queueMicrotask(() => {
        if (isTaken) return done(closedMeanwhile(), null);
        isTaken = true;
        done(null, socket);
      }),
  });
}

/** undici found its connection closed just before it sent a request, and wants another one. */
function closedMeanwhile(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'EPIPE' });
}
