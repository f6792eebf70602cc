/** Reading from an agent: first the marker and nothing else, then all the rest. */

import type { Socket } from 'node:net';
import { longestTimerMs } from '../../clock.ts';
import { ByteCollector } from '../../system/byte-collector.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { waitFor } from '../../system/waiting.ts';
import { markerBytes } from './marker.ts';
import { idleTimeout, markerTimeout, readFault, tooLarge } from './observations.ts';

/**
 * Reads the marker, however many segments it comes in, and leaves what follows in the socket.
 *
 * @returns two bytes; fewer when the connection ended before
 * @throws CourierError, the signal's reason included
 */
export async function readMarker(
  socket: Socket,
  limit: { readonly shown: string; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<Buffer> {
  const { shown, timeoutMs } = limit;
  const tooSlow = () => markerTimeout(shown, timeoutMs);
  try {
    return await withTimeLimit({ timeoutMs, tooSlow }, signal, (limited) =>
      untilMarker(socket, limited),
    );
  } catch (error) {
    throw readFault(error, shown);
  }
}

function untilMarker(socket: Socket, signal: AbortSignal): Promise<Buffer> {
  return waitFor<Buffer>(socket, signal, (resolve) => ({
    readable: () => {
      // read() returns null while there are fewer bytes, and the rest at the end of the stream.
      const bytes: unknown = socket.read(markerBytes);
      if (Buffer.isBuffer(bytes)) resolve(bytes);
    },
    end: () => resolve(Buffer.alloc(0)),
  }));
}

export interface ReadLimits {
  /** `10.1.2.3:6556`, for errors. */
  readonly shown: string;
  /** How long it may be silent. */
  readonly idleTimeoutMs: number;
  /** The most bytes that may come over the wire. */
  readonly maxBytes: number;
  /** The limit that an error names; it is lower, since what comes over the wire has wrappings. */
  readonly maxOutputBytes: number;
}

/**
 * Reads to the end of the stream. An end of TLS without its close_notify is one, too.
 *
 * @param start what has been read before, and counts
 * @throws CourierError TOO_LARGE, TIMEOUT, the signal's reason; the socket's own error as it is
 */
export async function readToEnd(
  socket: Socket,
  start: Buffer,
  limits: ReadLimits,
  signal: AbortSignal,
): Promise<Buffer> {
  const { shown, idleTimeoutMs, maxBytes, maxOutputBytes } = limits;
  const collected = new ByteCollector();
  collected.add(start);
  socket.setTimeout(Math.min(idleTimeoutMs, longestTimerMs));
  const reading = waitFor<Buffer>(socket, signal, (resolve, reject) => ({
    data: (piece: Buffer) => {
      collected.add(piece);
      if (collected.length > maxBytes) reject(tooLarge(shown, 'sends', maxOutputBytes));
    },
    end: () => resolve(collected.bytes()),
    timeout: () => reject(idleTimeout(shown, idleTimeoutMs)),
  }));
  socket.resume();
  return reading;
}
