/**
 * Reads a literal of Python as `ast.literal_eval` does, and nothing else: no bytes, sets, complex
 * numbers or `\N{…}`, which nothing of Checkmk writes where we read.
 */

import { CourierError, quote } from '../../faults/errors.ts';
import { readString, startsString } from './read-string.ts';
import { Scanner } from './scanner.ts';
import { type PythonDict, PythonTuple, type PythonValue } from './values.ts';

/** Python itself gives up at 200 open brackets. */
const deepest = 100;

/** @throws CourierError MALFORMED, saying in which line of the text */
export function readPythonLiteral(text: string): PythonValue {
  if (text.includes('\0')) throw new CourierError('MALFORMED', 'a zero byte is in it');
  const scanner = new Scanner(text);
  scanner.skipBlank();
  const value = readValue(scanner, 0);
  scanner.skipBlank();
  if (!scanner.isAtEnd()) throw scanner.refuse(`${scanner.describeNext()} follows the value`);
  return value;
}

/** @param depth how many brackets are open; without any, a value ends with its line */
function readValue(scanner: Scanner, depth: number): PythonValue {
  if (depth > deepest) throw scanner.refuse(`more than ${deepest} brackets are open`);
  if (startsString(scanner)) return readString(scanner, depth > 0);
  if (scanner.take('{')) return readDict(scanner, depth + 1);
  if (scanner.take('[')) return readItems(scanner, ']', depth + 1).items;
  if (scanner.take('(')) return readParentheses(scanner, depth + 1);
  return readNumber(scanner, depth > 0) ?? readWord(scanner);
}

function readDict(scanner: Scanner, depth: number): PythonDict {
  const entries = new Map<PythonValue, PythonValue>();
  while (!takeEnd(scanner, '}', entries.size > 0)) {
    const key = readKey(scanner, depth);
    if (entries.has(key)) throw scanner.refuse(`the key ${quote(String(key))} is there twice`);
    scanner.skipBlank();
    if (!scanner.take(':')) throw scanner.refuse(`a : is missing before ${scanner.describeNext()}`);
    scanner.skipBlank();
    entries.set(key, readValue(scanner, depth));
  }
  return entries;
}

/** Of tuples, which Python takes as well, two that are alike would not be found. */
function readKey(scanner: Scanner, depth: number): PythonValue {
  const key = readValue(scanner, depth);
  if (typeof key === 'object' && key !== null) throw scanner.refuse('a key is no simple value');
  return key;
}

interface Items {
  readonly items: readonly PythonValue[];
  readonly endsWithComma: boolean;
}

function readItems(scanner: Scanner, end: string, depth: number): Items {
  const items: PythonValue[] = [];
  let last = scanner.position;
  while (!takeEnd(scanner, end, items.length > 0)) {
    items.push(readValue(scanner, depth));
    last = scanner.position;
  }
  return { items, endsWithComma: scanner.sawComma(last) };
}

/** `(1)` is 1, `(1,)` a tuple. */
function readParentheses(scanner: Scanner, depth: number): PythonValue {
  const { items, endsWithComma } = readItems(scanner, ')', depth);
  const [only] = items;
  const isValue = only !== undefined && items.length === 1 && !endsWithComma;
  return isValue ? only : new PythonTuple(items);
}

/** Takes what stands between two items, and the bracket behind the last. */
function takeEnd(scanner: Scanner, end: string, needsComma: boolean): boolean {
  scanner.skipBlank();
  if (scanner.take(end)) return true;
  if (!needsComma) return false;
  if (!scanner.take(',')) {
    throw scanner.refuse(`a comma or ${end} is missing before ${scanner.describeNext()}`);
  }
  scanner.skipBlank();
  return scanner.take(end);
}

const words: ReadonlyMap<string, PythonValue> = new Map<string, PythonValue>([
  ['None', null],
  ['True', true],
  ['False', false],
]);

/** What JSON calls these. */
const jsonWords: Readonly<Record<string, string>> = { null: 'None', true: 'True', false: 'False' };

function readWord(scanner: Scanner): PythonValue {
  const word = scanner.match(/[A-Za-z_]\w*/y) ?? '';
  const value = words.get(word);
  if (value !== undefined) return value;
  const meant = Object.hasOwn(jsonWords, word) ? jsonWords[word] : undefined;
  if (meant !== undefined) throw scanner.refuse(`${word} is ${meant} in Python`);
  throw scanner.refuse(
    `no value begins with ${word === '' ? scanner.describeNext() : quote(word)}`,
  );
}

// Python reads no number of more than 4300 digits.
const digitsForm = String.raw`\d(?:_?\d){0,4300}`;
const exponentForm = `(?:[eE][+-]?${digitsForm})`;
const floatForm = new RegExp(
  [
    String.raw`(?:${digitsForm})?\.${digitsForm}${exponentForm}?`,
    String.raw`${digitsForm}\.?${exponentForm}`,
    String.raw`${digitsForm}\.`,
  ].join('|'),
  'y',
);
const wholeForm =
  /0[xX](?:_?[\da-fA-F]){1,4300}|0[oO](?:_?[0-7]){1,4300}|0[bB](?:_?[01]){1,4300}|0(?:_?0){0,4300}|[1-9](?:_?\d){0,4300}/y;

/** @returns undefined where no number stands */
function readNumber(scanner: Scanner, isInside: boolean): number | undefined {
  const sign = scanner.match(/[+-]/y) ?? '';
  if (isInside) scanner.skipBlank();
  else scanner.skipGap();
  const float = scanner.match(floatForm);
  const digits = float ?? scanner.match(wholeForm);
  if (digits === undefined) {
    if (sign !== '') throw scanner.refuse('a sign stands before no number');
    return undefined;
  }
  if (scanner.match(/[\w.]/y) !== undefined) throw scanner.refuse('a number is written wrongly');
  const value = Number(digits.replaceAll('_', ''));
  const isKept = float === undefined ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (!isKept) throw scanner.refuse('a number is too large');
  // Whole numbers of Python have no negative zero.
  const isNegative = sign === '-' && (value !== 0 || float !== undefined);
  return isNegative ? -value : value;
}
