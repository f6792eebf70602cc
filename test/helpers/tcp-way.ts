/** A port of ours from which connections go on to another one, by way of a test. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { portOf } from './free-port.ts';

export interface TcpWay {
  readonly port: number;
  /** Ends all connections, too. */
  close(): Promise<void>;
}

/** @param carry takes what either end of a new connection sends to the other one, and ends both */
export async function startTcpWay(
  toPort: number,
  carry: (near: Socket, far: Socket) => void,
): Promise<TcpWay> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(toPort, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    }
    carry(near, far);
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
