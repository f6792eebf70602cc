/** A small receiver in the process of the test, which answers as it is told. */

import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { TLSSocket, type TlsOptions } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { portOf } from '../../helpers/free-port.ts';

interface Arrival {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed. */
  readonly output: Buffer;
  /** The common name of the client's certificate. */
  readonly client: string | undefined;
}

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly arrivals: readonly Arrival[];
  /** What it answers from now on; a status it never sends is 0. */
  answer: { readonly status: number; readonly text?: string; readonly reason?: string };
  /** Called before it answers. */
  onArrival: () => void | Promise<void>;
  close(): Promise<void>;
}

/** Starts it on loopback, on a free port unless one is given; without `tls` it speaks http. */
export async function startReceiver(tls: TlsOptions | undefined, port = 0): Promise<Receiver> {
  const arrivals: Arrival[] = [];
  const sockets = new Set<Socket>();
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch(() => response.destroy());
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    arrivals.push(await readArrival(request));
    await receiver.onArrival();
    const { status, text, reason } = receiver.answer;
    if (status === 0) return;
    if (reason !== undefined) response.statusMessage = reason;
    if (reason !== undefined) response.setHeader('x-upstream', reason);
    response.writeHead(status, { connection: 'close' }).end(text);
  };
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const ownPort = portOf(server.address());
  const receiver: Receiver = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${ownPort}`,
    port: ownPort,
    arrivals,
    answer: { status: 204 },
    onArrival: () => undefined,
    close: async () => {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
  return receiver;
}

async function readArrival(request: IncomingMessage): Promise<Arrival> {
  const body = await buffer(request);
  const { method = '', url = '', headers, socket } = request;
  const peer = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined;
  const output = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  return { method, url, headers, output, client: peer?.subject?.CN?.toString() };
}
