/**
 * From a place to a connected socket: one address, one family, one attempt
 * (agent-port.md#connecting).
 */

import type { Socket } from 'node:net';
import { prepareNameCheck } from '../../names/ip-address.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { waitFor } from '../../system/waiting.ts';
import { connectFault, connectTimeout, lookupFault } from './observations.ts';
import type { AgentPlace } from './place.ts';

/** Node leaves the interval and the count of probes at the system's values. */
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
      const { connect } = await import('node:net');
      const host = await resolve(address, limited);
      return await untilConnected(connect({ host, port, allowHalfOpen: false }), limited);
    } catch (error) {
      throw connectFault(error, shown);
    }
  });
}

/** The first address of a name; a site asks only one address as well. */
async function resolve(address: string, signal: AbortSignal): Promise<string> {
  prepareNameCheck(address);
  const { isIP } = await import('node:net');
  if (isIP(address) !== 0) return address;
  const { sharedLookup } = await import('../../lookup/lookup.ts');
  try {
    const [first] = await sharedLookup().find(address, 0, signal);
    return first?.address ?? address;
  } catch (error) {
    if (signal.aborted) throw error;
    throw lookupFault(error);
  }
}

async function untilConnected(socket: Socket, signal: AbortSignal): Promise<Socket> {
  // A late error of the socket must not end the process.
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
