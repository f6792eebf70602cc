/** A port on which connections are neither accepted nor refused. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

const program = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;

/** Lends such a port: its owner is stopped, and those who wait for it fill its queue. */
export async function withDeafPort<Result>(use: (port: number) => Promise<Result>) {
  const owner = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [first] = await once(owner.stdout, 'data');
  const port = Number(String(first));
  owner.kill('SIGSTOP');
  const queue = Array.from({ length: 8 }, () =>
    connect(port, '127.0.0.1').on('error', () => undefined),
  );
  try {
    await Promise.race(queue.map((socket) => once(socket, 'connect')));
    return await use(port);
  } finally {
    for (const socket of queue) socket.destroy();
    owner.kill('SIGKILL');
    await once(owner, 'close');
  }
}
