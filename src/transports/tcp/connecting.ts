/**
 * From a place to a connected socket: one address, one family, one attempt
 * (agent-port.md#connecting).
 */

import type { Socket } from 'node:net';
import { untilAborted } from '../../system/until-aborted.ts';
import { waitFor, withTimeLimit } from '../../system/waiting.ts';
import { connectFault, connectTimeout } from './observations.ts';
import type { AgentPlace } from './place.ts';

/** Node leaves interval and count at what the system has. */
const keepAliveMs = 120_000;

/**
 * Connects, and sends nothing. The socket is paused; when this rejects there is none left.
 *
 * @throws CourierError, the signal's reason included
 */
export async function connectTo(
  { address, port, shown }: AgentPlace,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  const tooSlow = () => connectTimeout(shown, timeoutMs);
  return withTimeLimit({ timeoutMs, tooSlow }, signal, async (limited) => {
    try {
      limited.throwIfAborted();
      const { host, family } = await resolve(address, limited);
      const { connect } = await import('node:net');
      return await untilConnected(
        connect({ host, port, family, autoSelectFamily: false, allowHalfOpen: false }),
        limited,
      );
    } catch (error) {
      throw connectFault(error, shown);
    }
  });
}

async function resolve(
  address: string,
  signal: AbortSignal,
): Promise<{ readonly host: string; readonly family: number }> {
  const { isIP } = await import('node:net');
  if (isIP(address) !== 0) return { host: address, family: isIP(address) };
  const { lookup } = await import('node:dns');
  const found = Promise.withResolvers<{ readonly host: string; readonly family: number }>();
  lookup(address, (error, host, family) => {
    if (error === null) found.resolve({ host, family });
    else found.reject(error);
  });
  return untilAborted(found.promise, signal);
}

async function untilConnected(socket: Socket, signal: AbortSignal): Promise<Socket> {
  // An error after all is said and done must not end the process.
  socket.on('error', () => undefined);
  socket.pause();
  try {
    await waitFor<void>(socket, signal, (resolve) => ({ connect: () => resolve() }));
    socket.setKeepAlive(true, keepAliveMs);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
