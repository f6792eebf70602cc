/** Tries a port of somebody else: TCP by connecting, UDP as far as silence lets anybody tell. */

import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { connectTo } from '../../transports/tcp/connecting.ts';
import { parseAgentPlace } from '../../transports/tcp/place.ts';
import type { PortState } from '../document.ts';
import { stateOf } from '../tcp-answer.ts';
import { questionFor } from './questions.ts';

export interface Tried {
  readonly state: PortState;
  readonly error: string | null;
}

const tcpMs = 3000;
const udpMs = 1000;

/** @throws CourierError only the signal's reason */
export async function tryTcp(address: string, port: number, signal: AbortSignal): Promise<Tried> {
  const place = parseAgentPlace(isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`);
  try {
    const socket = await connectTo(place, tcpMs, signal);
    socket.destroy();
    return { state: 'open', error: null };
  } catch (error) {
    if (signal.aborted || !(error instanceof CourierError)) throw error;
    return { state: stateOf(error), error: error.message };
  }
}

/**
 * An answer proves the way, "port unreachable" that nobody listens, and silence nothing.
 *
 * @throws CourierError only the signal's reason
 */
export async function tryUdp(address: string, port: number, signal: AbortSignal): Promise<Tried> {
  signal.throwIfAborted();
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    return await new Promise<Tried>((done, fail) => {
      const tell = (state: PortState, error: string | null) => done({ state, error });
      const timer = setTimeout(() => tell('unknown', 'no answer, cannot tell'), udpMs);
      const end = () => fail(signal.reason);
      signal.addEventListener('abort', end, { once: true });
      socket.once('close', () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
      });
      socket.once('message', () => tell('open', null));
      socket.once('error', (error) =>
        tell(errorCode(error) === 'ECONNREFUSED' ? 'refused' : 'unknown', error.message),
      );
      socket.connect(port, address, () => socket.send(questionFor(port)));
    });
  } finally {
    socket.close();
  }
}
