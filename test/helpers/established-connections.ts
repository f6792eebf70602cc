/** Connections that are open on this machine. */

import { readFile } from 'node:fs/promises';

const established = '01';

/** Connections of this machine to ports, from proc(5): `sl local remote state …`, in hex. */
export async function countConnections(ports: readonly number[]): Promise<readonly string[]> {
  const table = await readFile('/proc/net/tcp', 'latin1');
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote = '', state]) => {
      const port = Number.parseInt(remote.split(':')[1] ?? '', 16);
      return state === established && ports.includes(port);
    })
    .map(([, local, remote]) => `a connection from ${local} to ${remote}`);
}
