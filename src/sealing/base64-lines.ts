/** Base64 as signed documents have it: 64 columns a line, and one way to write each value. */

import { CourierError } from '../faults/errors.ts';

const columns = 64;

/** The lines of a value; the last one may be shorter. */
export function toBase64Lines(bytes: Buffer): readonly string[] {
  return bytes.toString('base64').match(/.{1,64}/g) ?? [];
}

/**
 * Reads what {@link toBase64Lines} writes and nothing else, so that nobody can change a document
 * without changing what it says.
 *
 * @param what it is, for messages
 * @throws CourierError MALFORMED
 */
export function fromBase64Lines(lines: readonly string[], what: string): Buffer {
  const text = lines.join('');
  const bytes = Buffer.from(text, 'base64');
  const isFolded = lines.every((line, index) =>
    index === lines.length - 1 ? line.length <= columns : line.length === columns,
  );
  if (text !== '' && isFolded && bytes.toString('base64') === text) return bytes;
  throw new CourierError('MALFORMED', `${what} is not base64 in lines of 64 columns`);
}
