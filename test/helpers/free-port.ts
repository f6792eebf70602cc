/** TCP ports nobody listens on. */

import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port of `address` that was free a moment ago. */
export async function findFreePort(address = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const port = portOf(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** The port in what `server.address()` gives. */
export function portOf(address: unknown): number {
  if (typeof address === 'object' && address !== null && 'port' in address) {
    return Number(address.port);
  }
  throw new Error('the server does not listen on a port');
}
