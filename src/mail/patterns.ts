/** Patterns that say which messages hold the output of a host. */

import { CourierError, quote } from '../faults/errors.ts';
import { fitsGlob, type Token } from '../names/glob.ts';
import type { Target } from '../transports/source.ts';
import type { MessageHeaders } from './headers.ts';

/** A pattern as it was given, filled in later for each host. */
export function parsePattern(raw: string): string {
  if (raw === '' || /\p{Cc}/u.test(raw)) {
    throw new CourierError('USAGE', 'must be a pattern of one line, and not empty');
  }
  for (const [placeholder] of raw.matchAll(/\{[^}]*\}?/g)) {
    if (placeholder === '{host}' || placeholder === '{address}') continue;
    throw new CourierError(
      'USAGE',
      `has the unknown placeholder ${quote(placeholder)}; there are {host} and {address}`,
    );
  }
  return raw;
}

/** A pattern made ready for one host. */
export interface Pattern {
  /** With the host's name in it, for messages. */
  readonly text: string;
  readonly fits: (text: string) => boolean;
  /** The longest part of printable ASCII a fitting text must hold, to narrow a search; may be empty. */
  readonly literal: string;
}

type Letters = 'exact host' | 'any case';

/**
 * A pattern for one host: `*` stands for any text, `?` for one character, upper and lower case
 * are the same. A name next to a wildcard is found only where no longer name goes on, so that
 * `*{host}*` does not find web22 for web2.
 *
 * @param letters whether the case of the host's name counts, as it does in all but an address
 * @throws CourierError USAGE when the pattern needs an address and the host has none
 */
export function fillPattern(raw: string, target: Target, letters: Letters): Pattern {
  const pieces = raw.split(/(\{host\}|\{address\}|[*?])/).filter((piece) => piece !== '');
  const tokens = pieces.flatMap((piece, index): readonly Token[] => {
    const name = placeholderValue(piece, target);
    if (name === undefined) return toTokens(piece);
    const isAlone = {
      before: isWildcard(pieces[index - 1]),
      after: isWildcard(pieces[index + 1]),
    };
    return nameTokens(name, letters, isAlone);
  });
  const text = pieces.map((piece) => placeholderValue(piece, target) ?? piece).join('');
  return {
    text,
    fits: (candidate) => fitsGlob(Array.from(candidate), tokens),
    literal: longestLiteral(text),
  };
}

function toTokens(piece: string): readonly Token[] {
  if (piece === '*') return ['any text'];
  if (piece === '?') return [() => true];
  return Array.from(piece, (wanted) => isSameLetter(wanted));
}

/** @param isAlone on which sides no character of a name may stand */
function nameTokens(
  name: string,
  letters: Letters,
  isAlone: { readonly before: boolean; readonly after: boolean },
): readonly Token[] {
  const characters = Array.from(name);
  const last = characters.length - 1;
  return characters.map((wanted, index) => {
    const isWantedLetter =
      letters === 'any case' ? isSameLetter(wanted) : (found: string) => found === wanted;
    return (found: string, before: string | undefined, after: string | undefined) =>
      isWantedLetter(found) &&
      !(isAlone.before && index === 0 && isInName(before)) &&
      !(isAlone.after && index === last && isInName(after));
  });
}

function isSameLetter(wanted: string): (found: string) => boolean {
  const lower = wanted.toLowerCase();
  return (found) => found.toLowerCase() === lower;
}

function isInName(character: string | undefined): boolean {
  return character !== undefined && /^[\w.-]$/.test(character);
}

function isWildcard(piece: string | undefined): boolean {
  return piece === '*' || piece === '?';
}

function placeholderValue(piece: string, { host, address }: Target): string | undefined {
  if (piece === '{host}') return host;
  if (piece !== '{address}') return undefined;
  if (address !== undefined) return address;
  throw new CourierError(
    'USAGE',
    'a pattern needs {address}, but the host has no address (--address)',
  );
}

/** Blanks at an end are left out: a server may have unfolded the header in another way. */
function longestLiteral(text: string): string {
  const runs = text.split(/[*?"\\]|[^ -~]/).map((run) => run.trim());
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest), '');
}

/** Which messages are asked for. */
export interface WantedMessages {
  readonly from: Pattern | undefined;
  readonly subject: Pattern | undefined;
  readonly to: Pattern | undefined;
}

/** Patterns as they were written, with placeholders. */
export interface RawPatterns {
  readonly mailFrom: string | undefined;
  readonly mailSubject: string | undefined;
  readonly mailTo: string | undefined;
}

/** The patterns of a source for one host; mail addresses do not tell upper from lower case. */
export function fillPatterns(options: RawPatterns, target: Target): WantedMessages {
  const fill = (raw: string | undefined, letters: Letters) =>
    raw === undefined ? undefined : fillPattern(raw, target, letters);
  return {
    from: fill(options.mailFrom, 'any case'),
    subject: fill(options.mailSubject, 'exact host'),
    to: fill(options.mailTo, 'any case'),
  };
}

/** Whether a message is one of those asked for. */
export function isWanted(headers: MessageHeaders, { from, subject, to }: WantedMessages): boolean {
  return (
    (from === undefined || headers.from.some(from.fits)) &&
    (subject === undefined || subject.fits(headers.subject)) &&
    (to === undefined || headers.to.some(to.fits))
  );
}

/** What is asked for, in words: `a message from "root@web01" with subject "Checkmk web01"`. */
export function describeWanted({ from, subject, to }: WantedMessages): string {
  const parts = [
    from && ` from ${quote(from.text)}`,
    to && ` to ${quote(to.text)}`,
    subject && ` with subject ${quote(subject.text)}`,
  ];
  return `message${parts.filter((part) => part !== undefined).join('')}`;
}
