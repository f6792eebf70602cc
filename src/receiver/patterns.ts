/** Which host names somebody may write for. */

import { CourierError, quote } from '../errors.ts';

/** `*` stands for any text, `?` for one character. */
export function matchesPattern(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => fits(name, pattern));
}

/** A star takes as little as it can and gives more on failure; no pattern makes this explode. */
function fits(name: string, pattern: string): boolean {
  let at = 0;
  let wanted = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    const symbol = pattern[wanted];
    if (symbol === '*') {
      star = wanted;
      starAt = at;
      wanted += 1;
    } else if (symbol === '?' || (symbol !== undefined && symbol === name[at])) {
      at += 1;
      wanted += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      wanted = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(wanted));
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
