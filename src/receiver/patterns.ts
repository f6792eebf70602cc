/** Which host names somebody may write for. */

import { CourierError, quote } from '../faults/errors.ts';
import { globMatcher } from '../names/glob.ts';

/** For many names. `*` stands for any text, `?` for one character. */
export function patternsMatcher(patterns: readonly string[]): (name: string) => boolean {
  const names = new Set(patterns.filter((pattern) => !/[*?]/.test(pattern)));
  const globs = patterns.filter((pattern) => !names.has(pattern)).map(globMatcher);
  return (name) => names.has(name) || globs.some((fits) => fits(name));
}

/** The same for one name. */
export function matchesPattern(name: string, patterns: readonly string[]): boolean {
  return patternsMatcher(patterns)(name);
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
