/** The bytes of a package → the members of its archive. */

import { gunzipSync } from 'node:zlib';
import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { Unreadable } from './problems.ts';

const magic = Buffer.from([0x1f, 0x8b, 0x08]);

export function isGzip(bytes: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic);
}

/** @throws CourierError TOO_LARGE past `maxBytes`, Unreadable */
export function gunzip(bytes: Buffer, maxBytes: number): Buffer {
  const { buffer, engine } = unzip(bytes, maxBytes);
  // Node leaves out without a word what stands behind the last stream.
  if (engine.bytesWritten < bytes.length) {
    const left = bytes.length - engine.bytesWritten;
    throw new Unreadable('trailing-data', `${left} bytes follow its end`);
  }
  return buffer;
}

interface Unzipped {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function unzip(bytes: Buffer, maxOutputLength: number): Unzipped {
  try {
    const done: unknown = gunzipSync(bytes, { maxOutputLength, info: true });
    if (isUnzipped(done)) return done;
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      const most = `more than the allowed ${maxOutputLength} bytes (--max-size)`;
      throw new CourierError('TOO_LARGE', `unpacked it is ${most}`, { cause: error });
    }
    if (!code.startsWith('Z_')) throw error;
    throw toUnreadable(code, error);
  }
  throw new CourierError('INTERNAL', 'zlib does not say how much it has read');
}

/** Its beginning was looked at, so that only a second stream can begin as none does. */
function toUnreadable(code: string, cause: unknown): Unreadable {
  if (code === 'Z_BUF_ERROR') return new Unreadable('damaged', 'it is cut off', { cause });
  const isBehind = cause instanceof Error && cause.message === 'incorrect header check';
  return isBehind
    ? new Unreadable('trailing-data', 'something follows its end', { cause })
    : new Unreadable('damaged', 'its sums do not fit', { cause });
}

/** The types of Node do not know of `info`. */
function isUnzipped(done: unknown): done is Unzipped {
  return typeof done === 'object' && done !== null && 'buffer' in done && 'engine' in done;
}
