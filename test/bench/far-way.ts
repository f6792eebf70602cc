/** A way on which every byte takes its time in either direction, and no more than so many pass a second. */

import type { Socket } from 'node:net';
import { startTcpWay, type TcpWay } from '../helpers/tcp-way.ts';

export interface Distance {
  /** In each direction. */
  readonly delayMs: number;
  readonly bytesPerSecond: number;
}

export function startFarWay(toPort: number, distance: Distance): Promise<TcpWay> {
  return startTcpWay(toPort, (near, far) => {
    for (const socket of [near, far]) socket.setNoDelay();
    carry(near, far, distance);
    carry(far, near, distance);
  });
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
