/** Patterns for names of files in a directory: `{host}*.txt`. */

import { CourierError } from '../../faults/errors.ts';
import { decodePath, type Refuse } from '../../system/local-path.ts';
import type { Target } from '../source.ts';

/** Which files of a directory are asked for. */
export interface NamePattern {
  /** With the host's name in it, for messages. */
  readonly text: string;
  /** How many characters at the beginning are literal in the pattern. */
  readonly prefixLength: number;
  /** @param name byte by byte, as Latin-1: not every name is UTF-8 */
  readonly fits: (name: string) => boolean;
  /**
   * Whether a name would fit if anything could stand beside the host's name, where it may be part
   * of another host's name.
   */
  readonly mayBeOfAnother: (name: string) => boolean;
}

/** Each further star makes it slower to reject a name. */
const mostStars = 2;

/** Whether the last part of a path, percent-encoded as it was given, is a pattern. */
export function isPattern(part: string): boolean {
  return part.includes('*');
}

/**
 * Checks the last part of a path that is a pattern.
 *
 * @throws CourierError USAGE
 */
export function checkPattern(part: string, refuse: Refuse): void {
  if (part.split('*').length - 1 > mostStars) {
    throw refuse(`has more than ${mostStars} stars in the name of its files`);
  }
}

/**
 * The pattern for one host. `*` stands for any text. Beside the name of the host, with nothing or
 * `-`, `.`, `_` between them, it stands only for what cannot be more of a name: a time, a usual
 * ending, or what begins with a character no host name or address has. So web1 does not get the
 * files of web1-db, web1.example.com and web10, and fd00::1 not those of fd00::1:5.
 */
export function fillNamePattern(part: string, target: Target, refuse: Refuse): NamePattern {
  const pieces = part
    .split(/(\{host\}|\{address\}|\*)/)
    .filter((piece) => piece !== '')
    .map((piece) => toPiece(piece, target, refuse));
  const [strict, loose] = [toExpression(pieces, true), toExpression(pieces, false)];
  const firstStar = pieces.findIndex(({ kind }) => kind === 'star');
  return {
    text: textOf(pieces),
    prefixLength: Buffer.byteLength(textOf(pieces.slice(0, firstStar))),
    fits: (name) => strict.test(name),
    mayBeOfAnother: (name) => loose.test(name) && !strict.test(name),
  };
}

interface Piece {
  readonly kind: 'name' | 'star' | 'text';
  readonly text: string;
}

function toPiece(piece: string, { host, address }: Target, refuse: Refuse): Piece {
  if (piece === '*') return { kind: 'star', text: piece };
  if (piece === '{host}') return { kind: 'name', text: host };
  if (piece !== '{address}') return { kind: 'text', text: decodePath(piece, refuse) };
  if (address !== undefined) return { kind: 'name', text: address };
  throw new CourierError(
    'USAGE',
    'the source needs {address}, but the host has no address (--address)',
  );
}

function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join('');
}

/** The beginning of a date, or of seconds since 1970. */
const time = '(?:\\d{8}|\\d{4}[-._]\\d{2}[-._]\\d{2})';
const ending = '(?i:txt|out|log|dat|agent|cmk|enc|gz|zst|xz|bz2|z)';

/** What may follow a host name without being part of it, directly and after a mark. */
const behindName = `(?:|[^\\w.:%-].*|[-._]${time}.*|(?:\\.${ending})+)`;
const behindMark = `(?:|[^\\w.:%-].*|[-._]?${time}.*|\\.?${ending}(?:\\.${ending})*)`;

/** What may stand before a host name, directly and before a mark. */
const inFrontOfName = `(?:|.*[^\\w.:%-]|${time}[\\dTZ:.+_-]*[-._])`;
const inFrontOfMark = `(?:|.*[^\\w.:%-]|${time}[\\dTZ:.+_-]*)`;

/** @param isStrict whether a star beside a name is limited as described */
function toExpression(pieces: readonly Piece[], isStrict: boolean): RegExp {
  const sources = pieces.map(({ kind, text }, index) => {
    if (kind !== 'star') return toLiteral(text);
    if (!isStrict) return '.*';
    const before = distanceToName(pieces.slice(0, index).toReversed());
    if (before !== undefined) return before === 0 ? behindName : behindMark;
    const after = distanceToName(pieces.slice(index + 1));
    if (after !== undefined) return after === 0 ? inFrontOfName : inFrontOfMark;
    return '.*';
  });
  return new RegExp(`^${sources.join('')}$`, 's');
}

/** How many separating marks come first; undefined when no host name follows them. */
function distanceToName(pieces: readonly Piece[]): number | undefined {
  const distance = pieces.findIndex(({ text }) => !/^[-._]*$/.test(text));
  return pieces[distance]?.kind === 'name' ? distance : undefined;
}

/** As Latin-1, byte by byte, like the names that are compared with it. */
function toLiteral(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
