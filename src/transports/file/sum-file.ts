/** `FILE.sha256`: the checksum that the sender states for FILE. */

import { CourierError } from '../../faults/errors.ts';
import {
  type DropEntry,
  type Reading,
  readUnchanged,
  requireRegularFile,
  requireWithin,
  withOpenedPath,
} from './opened-path.ts';

/**
 * Hex digits alone, or what `sha256sum`, BSD's `sha256` (`SHA256 (f) = …`) and `openssl dgst`
 * (`SHA256(f)= …`, `SHA2-256(f)= …`) print; the name in it may be that of a temporary file.
 */
const sumLine =
  /^\s*(?:\\?([0-9a-f]{64})(?:[ \t][^\n]*)?|\\?SHA-?(?:2-)?256[ \t]*\([^\n]*\)[ \t]*=[ \t]*([0-9a-f]{64}))\s*$/i;

/** A sum, and the longest path behind it. */
const largestSumFile = 8192n;

export function toSumEntry(entry: DropEntry): DropEntry {
  return {
    path: Buffer.concat([entry.path, Buffer.from('.sha256')]),
    shown: `${entry.shown}.sha256`,
  };
}

/**
 * Reads a sum file: 64 hex digits in lower case, undefined when there is no such file, or a fault
 * that is over soon when the file is just being written.
 *
 * @throws CourierError REFUSED, MALFORMED when something else than a file is there
 */
export async function readSum(
  entry: DropEntry,
  directory: Buffer,
  reading: Reading,
): Promise<string | CourierError | undefined> {
  return withOpenedPath(entry, async (place) => {
    if (place === undefined) return undefined;
    requireWithin(directory, entry, place);
    requireRegularFile(entry, place);
    const isSmall = place.stats.size <= largestSumFile;
    const text = isSmall ? await readUnchanged(place, reading) : undefined;
    const [, first, last] = sumLine.exec(text?.toString() ?? '') ?? [];
    const digits = first ?? last;
    return (
      digits?.toLowerCase() ??
      new CourierError('MALFORMED', `${entry.shown} does not hold one SHA-256 sum`)
    );
  });
}

/** SHA-256 of the bytes, as hex digits. */
export async function computeSum(bytes: Buffer): Promise<string> {
  // Loaded only here: most drops have no sum, and loading it costs as much as the whole fetch.
  const { hash } = await import('node:crypto');
  return hash('sha256', bytes, 'hex');
}
