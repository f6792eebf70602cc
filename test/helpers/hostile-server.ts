/** A server in this process that answers whatever a test wants it to, HTTP or not. */

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { portOf } from './free-port.ts';

/** Answers one request; what it does not end stays open until the client goes. */
export type Behaviour = (socket: Socket, request: string) => void | Promise<void>;

export interface HostileServer {
  readonly port: number;
  /** Everything that was sent to it, a text for each piece that arrived. */
  readonly requests: readonly string[];
  /** How many connections are open. */
  countConnections(): number;
  close(): Promise<void>;
}

interface Settings {
  readonly tls?: TlsOptions;
  /** The path of a Unix socket to listen on, in place of a port. */
  readonly path?: string;
  /** Also calls `behaviour` when a connection is made, with an empty request. */
  readonly speaksFirst?: boolean;
}

export async function startHostileServer(
  behaviour: Behaviour,
  { tls, path, speaksFirst = false }: Settings = {},
): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const serve = (socket: Socket) => {
    // A client that hangs up in the middle is what these tests are about.
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      requests.push(bytes.toString('latin1'));
      void behaviour(socket, bytes.toString('latin1'));
    });
    if (speaksFirst) void behaviour(socket, '');
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
  await once(server, 'listening');
  return {
    port: path === undefined ? portOf(server.address()) : 0,
    requests,
    countConnections: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Lends a hostile server to `use`. */
export async function withHostileServer(
  behaviour: Behaviour,
  use: (server: HostileServer) => Promise<void>,
  settings: Settings = {},
): Promise<void> {
  const server = await startHostileServer(behaviour, settings);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}
