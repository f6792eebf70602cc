/** The host a piggyback header names, as the site calls it (agent-output.md#piggyback-names). */

import { isUtf8 } from 'node:buffer';

const longestName = 240;

/**
 * Translates the name in a piggyback header.
 *
 * The site's own translations (case, domain, regular expressions) are unknown here and not
 * applied; bytes that are no UTF-8 are taken for Latin-1, the site's default fallback.
 *
 * @returns undefined when the site would ignore the block. An IP address always begins with a
 * word character after the translation and needs no rule of its own.
 */
export function toPiggybackedHost(raw: Buffer): string | undefined {
  const text = readHostName(raw);
  // Too long in any case, and too expensive to translate: a character has at most two code units.
  if (text.length > 2 * longestName) return undefined;
  const name = text.replace(/[^-0-9a-zA-Z_.]/gu, '_');
  return name.length <= longestName && /^\w/.test(name) ? name : undefined;
}

/** The name in a piggyback header as it is written, without the white space around it. */
export function readHostName(raw: Buffer): string {
  return stripBlanks(raw.toString(isUtf8(raw) ? 'utf8' : 'latin1'));
}

/** In steps, because a regular expression for the end takes quadratic time on hostile names. */
function stripBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charAt(start))) start += 1;
  while (start < end && isBlank(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Python's white space, which is not quite JavaScript's. */
function isBlank(character: string): boolean {
  return /\s/.test(character) ? character !== '\ufeff' : '\x1c\x1d\x1e\x1f\x85'.includes(character);
}
