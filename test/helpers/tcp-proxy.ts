/** A TCP connection with somebody in the middle who can hold it up, or cut it. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { portOf } from './free-port.ts';

/**
 * Called with each piece the far end sends, before it is handed on: it may take its time, and
 * by throwing it cuts the connection.
 */
export type Gate = (piece: Buffer, bytesBefore: number) => void | Promise<void>;

export interface TcpProxy {
  readonly port: number;
  close(): Promise<void>;
}

export async function startTcpProxy(toPort: number, gate: Gate): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(toPort, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    }
    near.pipe(far);
    near.on('close', () => far.destroy());
    handOn(far, near, gate).catch(() => {
      near.destroy();
      far.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server.address()),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function handOn(from: Socket, to: Socket, gate: Gate): Promise<void> {
  let bytes = 0;
  for await (const piece of from) {
    await gate(piece, bytes);
    bytes += piece.length;
    if (!to.write(piece)) await once(to, 'drain');
  }
  to.end();
}

/** Lends a proxy to `use`. */
export async function withTcpProxy<Result>(
  toPort: number,
  gate: Gate,
  use: (port: number) => Promise<Result>,
): Promise<Result> {
  const proxy = await startTcpProxy(toPort, gate);
  try {
    return await use(proxy.port);
  } finally {
    await proxy.close();
  }
}
