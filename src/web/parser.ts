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
        for (const lenience of leniences) allow(socket, lenience);
      }),
  });
}

/**
 * What no reader of a whole response can misunderstand, and plain servers do (BusyBox hands on the
 * header lines of a CGI script as they are): lines that end in LF alone, as RFC 9112 2.2 allows,
 * and blanks behind the size of a chunk. How long a body is stays as strict as it was.
 */
const leniences = ['optional_cr_before_lf', 'spaces_after_chunk_size'] as const;

/** undici has no option for what its parser, llhttp, can do. */
function allow(socket: Socket, lenience: (typeof leniences)[number]): void {
  const key = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'parser',
  );
  const parser: unknown = key && Reflect.get(socket, key);
  if (typeof parser !== 'object' || parser === null) return;
  const llhttp: unknown = Reflect.get(parser, 'llhttp');
  if (typeof llhttp !== 'object' || llhttp === null) return;
  const set: unknown = Reflect.get(llhttp, `llhttp_set_lenient_${lenience}`);
  if (typeof set === 'function') set(Reflect.get(parser, 'ptr'), 1);
}

/** undici found its connection closed just before it sent a request, and wants another one. */
function closedMeanwhile(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'EPIPE' });
}
