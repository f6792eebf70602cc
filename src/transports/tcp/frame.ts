/** The frame around what an Agent Controller sends inside TLS (agent-port.md#frame). */

import { CourierError } from '../../faults/errors.ts';
import { decompress } from '../../wrapping/decompress.ts';
import { emptyPayload, tooLarge } from './observations.ts';

interface Unframed {
  /** The message inside, which begins with a marker of its own. */
  readonly message: Buffer;
  readonly isCompressed: boolean;
}

interface FrameLimits {
  /** `10.1.2.3:6556`, for errors. */
  readonly shown: string;
  /** The largest size of the unpacked message. */
  readonly maxBytes: number;
  /** The limit that an error names when it gets larger. */
  readonly maxOutputBytes: number;
}

const headerBytes = 3;

/**
 * Takes the frame off. A cut TLS stream shows here: its zlib stream has no end.
 *
 * @throws CourierError NO_OUTPUT when there is nothing in it, MALFORMED, TOO_LARGE
 */
export async function unframe(frame: Buffer, limits: FrameLimits): Promise<Unframed> {
  const header = Buffer.alloc(headerBytes);
  frame.copy(header);
  const version = header.readUInt16BE(0);
  const compression = header.readUInt8(2);
  const { shown } = limits;
  if (version !== 0) throw badFrame(shown, `format version ${version} is not known`);
  if (compression > 1) throw badFrame(shown, `compression ${compression} is not known`);
  const body = frame.subarray(headerBytes);
  const isCompressed = compression === 1;
  const message = isCompressed ? await inflate(body, limits) : body;
  if (message.length <= 2) throw emptyPayload(shown);
  return { message, isCompressed };
}

async function inflate(body: Buffer, { shown, maxBytes, maxOutputBytes }: FrameLimits) {
  return decompress(body, 'zlib', { maxOutputBytes: maxBytes }).catch((error: unknown) => {
    if (!(error instanceof CourierError)) throw error;
    if (error.code === 'MALFORMED') throw badFrame(shown, error.message, error);
    if (error.code === 'TOO_LARGE') throw tooLarge(shown, 'unpacks to', maxOutputBytes);
    throw error;
  });
}

function badFrame(shown: string, how: string, cause?: unknown): CourierError {
  return new CourierError(
    'MALFORMED',
    `failed to deserialize versioned agent data from ${shown}: ${how}`,
    { cause },
  );
}
