/** A TCP connection with somebody in the middle who can hold it up, or cut it. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { startTcpWay, type TcpWay } from './tcp-way.ts';

/**
 * Called with each piece the far end sends, before it is handed on: it may take its time, and
 * by throwing it cuts the connection.
 */
export type Gate = (piece: Buffer, bytesBefore: number) => void | Promise<void>;

export function startTcpProxy(toPort: number, gate: Gate): Promise<TcpWay> {
  return startTcpWay(toPort, (near, far) => {
    near.pipe(far);
    near.on('close', () => far.destroy());
    handOn(far, near, gate).catch(() => {
      near.destroy();
      far.destroy();
    });
  });
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
