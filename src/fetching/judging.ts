/** Whether one of several things in a source is agent output: what transports ask when they choose. */

import { findForeign, isEncrypted } from '../agent-output/first-bytes.ts';
import { CourierError } from '../faults/errors.ts';
import type { Objection, OpenContext } from '../transports/transport.ts';
import type { OutputLimit } from '../wrapping/decompress.ts';
import { findCut } from '../wrapping/symmetric.ts';
import { unwrap } from '../wrapping/unwrap.ts';

/** What has been unpacked once need not be again: each holds as long as the bytes it came from. */
const unpacked = new WeakMap<Buffer, Buffer>();

/** The bytes as they are without the compression around them, where that has been undone already. */
export function unpackedBefore(bytes: Buffer): Buffer {
  return unpacked.get(bytes) ?? bytes;
}

/**
 * Makes the judge for one limit. It knows no passphrase, host or route: what is encrypted counts as
 * agent output, since a wrong passphrase has to be told and not passed over.
 */
export function judgeWithin(limit: Omit<OutputLimit, 'signal'>): OpenContext['accepts'] {
  return async (bytes, signal) => {
    try {
      const output = await unwrap(bytes, { ...limit, signal });
      if (output !== bytes) unpacked.set(bytes, output);
      return findForeign(output) ?? findTorn(output);
    } catch (error) {
      return toObjection(error);
    }
  };
}

/** What is encrypted ends with a whole block. */
function findTorn(output: Buffer): Objection {
  return isEncrypted(output.toString('latin1', 0, 18)) ? findCut(output) : undefined;
}

/** What is wrong with the bytes speaks against them; what is wrong with us does not. */
function toObjection(error: unknown): Objection {
  if (!(error instanceof CourierError)) throw error;
  if (error.code === 'MALFORMED' || error.code === 'TOO_LARGE') return error.message;
  if (error.code === 'LOCAL') return undefined;
  throw error;
}
