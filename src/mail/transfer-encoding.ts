/** Bytes of a part of a message, out of what mail makes of them on its way. */

import { CourierError, quote } from '../faults/errors.ts';

/**
 * Undoes a content transfer encoding (RFC 2045 6). What it cannot be undone without guessing
 * is refused: a damaged attachment must not become agent output.
 *
 * In 7bit, 8bit and quoted-printable a line end belongs to the mail, which writes CR LF on one
 * way and LF on another; it is delivered as LF. base64 and binary arrive byte by byte.
 *
 * @throws CourierError MALFORMED
 */
export function decodeTransfer(encoded: Buffer, encoding: string): Buffer {
  if (encoding === 'base64') return decodeBase64(encoded);
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(encoded);
  if (encoding === 'binary') return encoded;
  if (['', '7bit', '8bit'].includes(encoding)) return toLineFeeds(encoded);
  throw new CourierError('MALFORMED', `unknown transfer encoding ${quote(encoding)}`);
}

/** Node's own decoder skips what is not base64; a part damaged on its way must not pass. */
function decodeBase64(encoded: Buffer): Buffer {
  const text = encoded.toString('latin1').replace(/[\r\n\t ]+/g, '');
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new CourierError('MALFORMED', 'the base64 in the message is damaged');
  }
  return Buffer.from(text, 'base64');
}

function decodeQuotedPrintable(encoded: Buffer): Buffer {
  // Blanks at the end of a line were added on the way: RFC 2045 6.7 (3).
  const text = toLineFeeds(encoded)
    .toString('latin1')
    .replace(/(?<![\t ])[\t ]+$/gm, '');
  if (/=(?![0-9A-Fa-f]{2}|\n|$)/.test(text)) {
    throw new CourierError('MALFORMED', 'the quoted-printable in the message is damaged');
  }
  // Softly broken lines are one; of what is left every = stands before two hexadecimal digits.
  return Buffer.from(text.replace(/=(?:\n|$)/g, '').replace(/=(..)/g, toByte), 'latin1');
}

function toByte(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}

function toLineFeeds(encoded: Buffer): Buffer {
  if (!encoded.includes('\r\n')) return encoded;
  return Buffer.from(encoded.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}
