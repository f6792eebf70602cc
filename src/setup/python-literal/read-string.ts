/** Strings of Python: prefixes, quotes, escapes, and strings side by side, which are one. */

import type { Scanner } from './scanner.ts';

const opening = /[A-Za-z]{0,2}(?:'''|"""|'|")/y;

export function startsString(scanner: Scanner): boolean {
  return scanner.lookAt(opening) !== undefined;
}

/** @param isInside within brackets, where strings in several lines are side by side as well */
export function readString(scanner: Scanner, isInside: boolean): string {
  const pieces = [readPiece(scanner)];
  for (;;) {
    const before = scanner.position;
    if (isInside) scanner.skipBlank();
    else scanner.skipGap();
    if (!startsString(scanner)) {
      scanner.position = before;
      return pieces.join('');
    }
    pieces.push(readPiece(scanner));
  }
}

function readPiece(scanner: Scanner): string {
  const start = scanner.match(opening) ?? '';
  const [, prefix = '', mark = ''] = /^([A-Za-z]*)(.*)$/.exec(start) ?? [];
  if (!/^[ru]?$/i.test(prefix)) {
    throw scanner.refuse(`a string begins with ${prefix}, which makes something else of it`);
  }
  const isRaw = prefix.toLowerCase() === 'r';
  const parts: string[] = [];
  while (!scanner.take(mark)) parts.push(readPart(scanner, mark, isRaw));
  return parts.join('');
}

/** Plain text, a line feed or quote within a long string, or an escape. */
function readPart(scanner: Scanner, mark: string, isRaw: boolean): string {
  const plain = scanner.match(/[^\\'"\n]+/y);
  if (plain !== undefined) return plain;
  const isLong = mark.length === 3;
  if (scanner.isAtEnd() || (!isLong && scanner.lookAt(/\n/y) !== undefined)) {
    throw scanner.refuse('a string does not end');
  }
  const escaped = scanner.match(isRaw ? /\\[\s\S]/y : /\\/y);
  if (escaped === undefined) return scanner.match(/[\s\S]/y) ?? '';
  return isRaw ? escaped : readEscape(scanner);
}

const simple: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Letters that want so many hexadecimal digits. */
const hexadecimal: Readonly<Record<string, RegExp>> = {
  x: /[\da-fA-F]{2}/y,
  u: /[\da-fA-F]{4}/y,
  U: /[\da-fA-F]{8}/y,
};

/** What stands behind a backslash; Python leaves an unknown escape as it is. */
function readEscape(scanner: Scanner): string {
  const octal = scanner.match(/[0-7]{1,3}/y);
  if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
  const letter = scanner.match(/[\s\S]/y) ?? '';
  if (letter === 'N') throw scanner.refuse('a character is named by \\N, which is not read here');
  if (Object.hasOwn(simple, letter)) return simple[letter] ?? '';
  const form = Object.hasOwn(hexadecimal, letter) ? hexadecimal[letter] : undefined;
  return form === undefined ? `\\${letter}` : readCodePoint(scanner, form);
}

/** Two halves of a surrogate pair stay two characters in Python, which UTF-8 has no bytes for. */
function readCodePoint(scanner: Scanner, form: RegExp): string {
  const digits = scanner.match(form);
  const code = Number.parseInt(digits ?? '', 16);
  if (!(code <= 0x10ffff)) throw scanner.refuse('an escape names no character');
  if (code >= 0xd800 && code <= 0xdfff) {
    throw scanner.refuse(
      'an escape names half of a surrogate pair, which is no character in Python',
    );
  }
  return String.fromCodePoint(code);
}
