/** Sockets that listen. */

import type { Server } from 'node:net';
import { isIPv6 } from 'node:net';
import type { ListenAddress } from '../cli/listen-address.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';

/** How many connections the kernel keeps under load until we accept them. */
const backlog = 1024;

/**
 * Listens; without an address on all of them, on a machine without IPv6 on those of IPv4.
 *
 * @returns the port, which the system chooses when it is 0
 * @throws CourierError LOCAL when it cannot
 */
export async function listen(server: Server, at: ListenAddress): Promise<number> {
  const { address, port } = at;
  try {
    try {
      return await tryListen(server, address ?? '::', port);
    } catch (error) {
      const hasNoIpv6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(errorCode(error) ?? '');
      if (address !== undefined || !hasNoIpv6) throw error;
      return await tryListen(server, '0.0.0.0', port);
    }
  } catch (error) {
    throw asCourierError(error, `listening at ${describe(address ?? '*', port)}`);
  }
}

function describe(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

function tryListen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog }, () => {
      server.off('error', reject);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}
