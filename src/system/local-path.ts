/** Paths on this machine in sources: `file:///drops/a%20b`. */

import { CourierError, quote } from '../faults/errors.ts';

/** What a source of a scheme must not be; the sentence goes on after `a file: source`. */
export type Refuse = (why: string, cause?: unknown) => CourierError;

/** Makes the faults of one scheme, such as `a file:`. */
export function refusalFor(what: string): Refuse {
  return (why, cause) => new CourierError('USAGE', `${what} source ${why}`, { cause });
}

/**
 * Undoes the percent-encoding of a path.
 *
 * @throws CourierError USAGE
 */
export function decodePath(path: string, refuse: Refuse): string {
  if (/%2f/i.test(path)) throw refuse('must not have %2F: no file name can hold a slash');
  return decodeText(path, refuse);
}

/**
 * Undoes the percent-encoding of anything that cannot hold a NUL: paths and arguments.
 *
 * @throws CourierError USAGE
 */
export function decodeText(text: string, refuse: Refuse): string {
  if (text.includes('%00'))
    throw refuse('must not have %00: no name and no argument can hold a NUL');
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw refuse(`has a % that does not begin a character in UTF-8: ${quote(text)}`, error);
  }
}
