/** `Name: value` lines for a request. */

import { CourierError, quote } from '../faults/errors.ts';

export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

/** Headers that frame the message, or ask for an answer that we would not understand. */
const ours = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'proxy-authorization',
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers that hold nothing but secrets. */
const secret = new Set(['authorization', 'cookie']);

/**
 * Parses one line; the name comes out in lower case. Names and values are limited to what
 * RFC 9110 5.1 and 5.5 allow, so that no line can turn into two.
 *
 * @throws CourierError USAGE with a sentence that continues the name of an option
 */
export function parseHeaderLine(line: string): HeaderLine {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? [];
  if (name === undefined || value === undefined) {
    throw new CourierError('USAGE', 'must be "Name: value"');
  }
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
    throw new CourierError('USAGE', `has a character HTTP does not allow in ${quote(name)}`);
  }
  if (ours.has(name.toLowerCase())) {
    throw new CourierError('USAGE', `must not set ${quote(name)}`);
  }
  return { name: name.toLowerCase(), value };
}

/**
 * Parses one line that stands on the command line, where everybody can read it.
 *
 * @throws CourierError USAGE
 */
export function parsePublicHeaderLine(line: string): HeaderLine {
  const header = parseHeaderLine(line);
  if (secret.has(header.name)) {
    throw new CourierError(
      'USAGE',
      `must not hold secrets such as ${header.name}; use --header-file`,
    );
  }
  return header;
}
