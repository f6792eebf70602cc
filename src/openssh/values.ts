/** Values in ssh's settings. */

import { parsePath } from '../cli/option-types.ts';
import { CourierError, quote } from '../faults/errors.ts';

/** A file name as ssh reads it in a setting: quotes for blanks, `%%` for a percent sign. */
export function quoteValue(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}

/**
 * A file name that ssh can be given: it has no way to write some.
 *
 * @throws CourierError USAGE
 */
export function parseSshPath(raw: string): string {
  const path = parsePath(raw);
  if (/["'\\\p{Cc}]|\$\{/u.test(path)) {
    const why = 'must not hold quotes, backslashes, ${ or control characters';
    throw new CourierError('USAGE', `${why}, not ${quote(path)}`);
  }
  return path;
}
