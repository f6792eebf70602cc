/** What may answer on an agent port in place of an exchange that goes well. */

import type { Socket } from 'node:net';

/** Has the socket for itself; what it leaves open stays open until the other side goes. */
export type Misbehaviour = (socket: Socket) => void;

/** Sends these bytes, then closes. */
export function sends(bytes: string | Buffer): Misbehaviour {
  return (socket) => socket.end(bytes);
}

/** Sends these bytes, then nothing more. */
export function sendsAndStays(bytes: string | Buffer): Misbehaviour {
  return (socket) => void socket.write(bytes);
}

/** Sends these bytes, and breaks the connection when they have arrived. */
export function sendsAndResets(bytes: string | Buffer): Misbehaviour {
  return (socket) => {
    socket.write(bytes, () => setTimeout(() => socket.resetAndDestroy(), 50));
  };
}

/** Accepts, and closes without a byte. */
export const closesAtOnce: Misbehaviour = (socket) => socket.destroy();

/** Accepts, and never says anything. */
export const isSilent: Misbehaviour = () => undefined;

/** Bytes one by one, each in a segment of its own. */
export function sendsSlowly(text: string, then: Misbehaviour): Misbehaviour {
  return (socket) => {
    socket.setNoDelay(true);
    const [byte, ...rest] = text;
    if (byte === undefined) then(socket);
    else socket.write(byte, () => setTimeout(() => sendsSlowly(rest.join(''), then)(socket), 20));
  };
}
