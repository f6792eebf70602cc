/** `--listen`: answers on the ports of a role, so that a firewall can be tried before anything runs. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import type { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { questionFor } from './questions.ts';

export interface Answering {
  readonly proto: 'tcp' | 'udp';
  readonly port: number;
  /** Why nobody answers there: another one does, or it is not ours to take. */
  readonly fault: CourierError | undefined;
  close(): void;
}

/** Takes a port; a failure is told, never thrown. */
export async function answerOn(
  proto: 'tcp' | 'udp',
  address: string,
  port: number,
): Promise<Answering> {
  try {
    const close = await (proto === 'tcp' ? listenTcp : listenUdp)(address, port);
    return { proto, port, fault: undefined, close };
  } catch (error) {
    const fault = asCourierError(error, `listening on ${address} port ${port}/${proto}`);
    return { proto, port, fault, close: () => undefined };
  }
}

async function listenTcp(host: string, port: number): Promise<() => void> {
  // Who connects and stays does not keep us, nor what we have to give.
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(() => socket.destroy());
  });
  server.on('error', () => undefined);
  server.listen({ host, port });
  await once(server, 'listening');
  return () => server.close();
}

async function listenUdp(address: string, port: number): Promise<() => void> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.bind({ address, port, exclusive: true });
  await once(socket, 'listening');
  socket.on('error', () => undefined);
  // Only to what `--to` asks, and shorter: nobody is flooded by way of us, and two who listen never
  // answer each other.
  socket.on('message', (asked, from) => {
    if (from.port > 0 && questionFor(port).equals(asked))
      socket.send('ok', from.port, from.address);
  });
  return () => socket.close();
}
