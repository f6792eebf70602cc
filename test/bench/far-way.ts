/** A way on which every byte takes its time in either direction, and no more than so many pass a second. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { portOf } from '../helpers/free-port.ts';

export interface FarWay {
  readonly port: number;
  close(): Promise<void>;
}

export interface Distance {
  /** In each direction. */
  readonly delayMs: number;
  readonly bytesPerSecond: number;
}

export async function startFarWay(toPort: number, distance: Distance): Promise<FarWay> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(toPort, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    }
    carry(near, far, distance);
    carry(far, near, distance);
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

/** Pieces follow each other on the way: one that is still under way holds up none. */
function carry(from: Socket, to: Socket, { delayMs, bytesPerSecond }: Distance): void {
  let freeAtMs = 0;
  const later = (bytes: number, arrive: () => void) => {
    const nowMs = performance.now();
    freeAtMs = Math.max(nowMs, freeAtMs) + (bytes / bytesPerSecond) * 1000;
    setTimeout(arrive, freeAtMs - nowMs + delayMs);
  };
  from.on('data', (piece: Buffer) => later(piece.length, () => to.write(piece)));
  from.on('close', () => later(0, () => to.destroy()));
}
