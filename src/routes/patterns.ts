/** Patterns for host names: a name, a glob, or a regular expression between slashes. */

import { CourierError, quote } from '../faults/errors.ts';
import { globMatcher } from '../names/glob.ts';
import { type HostName, parseHostName } from '../names/host-name.ts';
import type { HostPatterns } from './route.ts';

/** Whether a pattern fits all of a name. */
type Matcher = (host: string) => boolean;

/** @throws CourierError USAGE about one of them */
export function parseHostPatterns(texts: readonly string[]): HostPatterns {
  const names = new Set<HostName>();
  const matchers: Matcher[] = [];
  for (const text of texts) {
    const matcher = toMatcher(text);
    if (matcher === undefined) names.add(parseHostName(text));
    else matchers.push(matcher);
  }
  return { texts, names, fits: (host) => matchers.some((fits) => fits(host)) };
}

/**
 * Checks one pattern.
 *
 * @returns undefined for a name
 * @throws CourierError USAGE
 */
export function toMatcher(text: string): Matcher | undefined {
  if (text.startsWith('/')) return toRegularMatcher(text);
  if (/[*?]/.test(text)) return toGlobMatcher(text);
  parseHostName(text);
  return undefined;
}

function toGlobMatcher(glob: string): Matcher {
  if (!/^[\w.*?:%-]+$/.test(glob)) {
    throw new CourierError('USAGE', `must be a glob of host names, not ${quote(glob)}`);
  }
  return globMatcher(glob);
}

function toRegularMatcher(text: string): Matcher {
  const [, source] = /^\/(.+)\/$/.exec(text) ?? [];
  if (source === undefined) {
    throw new CourierError('USAGE', `must end with a slash as it begins: ${quote(text)}`);
  }
  requireSimple(source);
  try {
    const expression = new RegExp(`^(?:${source})$`, 'u');
    return (host) => expression.test(host);
  } catch (error) {
    throw new CourierError('USAGE', `is no regular expression: ${quote(source)}`, { cause: error });
  }
}

/** With more unbounded repetitions, matching one name could take too long. */
const mostRepetitions = 3;

/** Refuses expressions that could take for ever on some name; they all have simpler forms. */
function requireSimple(source: string): void {
  const bare = source.replace(/\\[^1-9k]/g, 'x').replace(/\[[^\]]*\]/g, 'x');
  const complain = (what: string) => {
    throw new CourierError('USAGE', `must do without ${what}: ${quote(source)}`);
  };
  if (/\(\?[=!<]/.test(bare)) complain('look-around and named groups');
  if (/\\[1-9k]/.test(bare)) complain('back-references');
  if (/\)(?:[*+]|\{\d+,)/.test(bare)) complain('repeated groups');
  const repetitions = bare.match(/[*+]|\{\d+,\}/g)?.length ?? 0;
  if (repetitions > mostRepetitions) complain(`more than ${mostRepetitions} repetitions`);
}
