/** The headers of a message that say whose output it holds, and from when. */

import { CourierError } from '../faults/errors.ts';
import { oldestOf, readStatedTime, type StatedTime } from '../times/stated-time.ts';

export interface MessageHeaders {
  /** Addresses without the names beside them. */
  readonly from: readonly string[];
  /** Of To, Cc, Delivered-To and X-Original-To. */
  readonly to: readonly string[];
  /** Decoded, on one line. */
  readonly subject: string;
  /** The oldest where there are several. */
  readonly date: StatedTime;
}

/** The fields {@link parseHeaders} looks at. */
export const wantedFields = [
  'from',
  'to',
  'cc',
  'delivered-to',
  'x-original-to',
  'subject',
  'date',
] as const;

/**
 * Reads the headers at the start of a message, or a block of nothing but headers.
 *
 * @throws CourierError MALFORMED
 */
export async function parseHeaders(bytes: Uint8Array): Promise<MessageHeaders> {
  const { default: PostalMime, addressParser } = await import('postal-mime');
  const email = await PostalMime.parse(headerBlock(bytes)).catch((error: unknown) => {
    throw new CourierError('MALFORMED', 'the headers of the message cannot be read', {
      cause: error,
    });
  });
  const valuesOf = (...fields: readonly string[]) =>
    email.headers.filter(({ key }) => fields.includes(key)).map(({ value }) => value);
  const addresses = (...fields: readonly string[]) =>
    valuesOf(...fields)
      .flatMap((value) => addressParser(value, { flatten: true }))
      .map(({ address }) => address ?? '')
      .filter((address) => address !== '');
  return {
    from: addresses('from'),
    to: addresses('to', 'cc', 'delivered-to', 'x-original-to'),
    subject: (email.subject ?? '').replace(/\s+/g, ' ').trim(),
    date: oldestOf(valuesOf('date').map((value) => readStatedTime('Date', value))),
  };
}

/** Everything up to the first empty line, which ends the headers. */
function headerBlock(bytes: Uint8Array): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ends = [buffer.indexOf('\n\n'), buffer.indexOf('\n\r\n')].filter((end) => end >= 0);
  return ends.length === 0 ? bytes : bytes.subarray(0, Math.min(...ends) + 1);
}
