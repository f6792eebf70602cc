/** Which host names somebody may write for. */

import { CourierError, quote } from '../faults/errors.ts';
import { globMatcher } from '../names/glob.ts';

/** `*` stands for any text, `?` for one character. */
export function matchesPattern(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => globMatcher(pattern)(name));
}

/**
 * A host name or a pattern of host names.
 *
 * @throws CourierError USAGE
 */
export function parsePattern(text: string): string {
  if (text.length <= 240 && /^[\w.:%*?-]+$/.test(text)) return text;
  throw new CourierError(
    'USAGE',
    `must be a host name or a pattern such as web*, not ${quote(text)}`,
  );
}
