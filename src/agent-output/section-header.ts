/** Section headers: `<<<name:option(value):…>>>` (agent-output.md#markers). */

import { isUtf8 } from 'node:buffer';
import { isKnownEncoding } from './encodings.ts';
import { limits } from './problems.ts';

/** What a section header says about the rows below it. */
export interface HeaderOptions {
  /** `sep(N)`: code point of the character between columns. Undefined: runs of white space. */
  readonly separator: number | undefined;
  /** `cached(T,I)`: made at Unix time T, valid for I; both in seconds. */
  readonly cached: { readonly madeAt: number; readonly validSeconds: number } | undefined;
  /** `persist(T)`: kept until Unix time T, in seconds. */
  readonly persistUntil: number | undefined;
  /** `encoding(NAME)`, as it is written. */
  readonly encoding: string;
  /** `nostrip()`: white space at line ends counts. */
  readonly nostrip: boolean;
}

export interface SectionHeader {
  readonly name: string;
  readonly options: HeaderOptions;
  /** Why another version of the site may see something else in it. */
  readonly doubt?: HeaderDoubt;
}

/** An option without its bracket, which some versions ignore and others do not; another marker. */
export type HeaderDoubt = 'unclosed-option' | 'glued-header';

/** Why the site does not take a header for one. */
export type InvalidHeaderRule =
  | 'header-too-long'
  | 'invalid-utf-8'
  | 'invalid-name'
  | 'invalid-cached'
  | 'invalid-persist'
  | 'invalid-sep'
  | 'unknown-encoding';

const defaultOptions: HeaderOptions = {
  separator: undefined,
  cached: undefined,
  persistUntil: undefined,
  encoding: 'utf-8',
  nostrip: false,
};

/**
 * Headers read before: agents write the same ones every minute, hosts have them in common, and
 * whoever reads thousands of outputs spends half of that on headers. Keys are the lines as Latin-1,
 * in which no two lines look the same.
 */
const known = new Map<string, SectionHeader>();
const mostKnown = 2000;
const longestKnown = 256;

/**
 * Reads a section header: all that stands between two offsets, brackets included. Parts that are
 * not `option(value)` are ignored, of an option given twice the last value counts.
 */
export function readSectionHeader(
  output: Buffer,
  start = 0,
  end = output.length,
): SectionHeader | InvalidHeaderRule {
  if (end - start > limits.headerBytes) return 'header-too-long';
  const key = output.toString('latin1', start, end);
  const seen = known.get(key);
  if (seen !== undefined) return seen;
  const read = readUnknown(output.subarray(start, end));
  if (typeof read !== 'string' && key.length <= longestKnown && comesAgain(read)) {
    if (known.size === mostKnown) known.clear();
    known.set(key, read);
  }
  return read;
}

/** With a time in it, it does not. */
function comesAgain({ options }: SectionHeader): boolean {
  return options.cached === undefined && options.persistUntil === undefined;
}

function readUnknown(line: Buffer): SectionHeader | InvalidHeaderRule {
  if (!isUtf8(line)) return 'invalid-utf-8';
  const [name, ...parts] = line.toString('utf8', 3, line.length - 3).split(':');
  if (name === undefined || !/^[A-Za-z0-9_]+$/.test(name)) return 'invalid-name';
  if (parts.length === 0) return { name, options: defaultOptions };
  const values = readParts(parts);
  const cached = values.get('cached')?.split(',').map(toInteger);
  const options = toHeaderOptions(values, cached);
  const rule = findInvalidOption(options, cached);
  if (rule !== undefined) return rule;
  const doubt = findDoubt(parts);
  return doubt === undefined ? { name, options } : { name, options, doubt };
}

function findDoubt(parts: readonly string[]): HeaderDoubt | undefined {
  if (parts.some((part) => part.includes('(') && !part.endsWith(')'))) return 'unclosed-option';
  return parts.some((part) => /<<<|>>>/.test(part)) ? 'glued-header' : undefined;
}

function readParts(parts: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const part of parts) {
    const open = part.indexOf('(');
    if (open !== -1 && part.endsWith(')'))
      values.set(part.slice(0, open), part.slice(open + 1, -1));
  }
  return values;
}

/** Numbers that are none become NaN. */
function toHeaderOptions(values: ReadonlyMap<string, string>, cached: CachedParts): HeaderOptions {
  return {
    separator: toInteger(values.get('sep')),
    cached: cached && { madeAt: Number(cached[0]), validSeconds: Number(cached[1]) },
    persistUntil: toInteger(values.get('persist')),
    encoding: values.get('encoding') ?? defaultOptions.encoding,
    nostrip: values.has('nostrip'),
  };
}

/** What stands between the commas of `cached`. */
type CachedParts = readonly (number | undefined)[] | undefined;

/** The site reads all that stands between the commas of `cached`, and uses the first two. */
function findInvalidOption(
  { separator, persistUntil, encoding }: HeaderOptions,
  cached: CachedParts,
): InvalidHeaderRule | undefined {
  if (cached && (cached.length < 2 || cached.some(Number.isNaN))) return 'invalid-cached';
  if (Number.isNaN(persistUntil)) return 'invalid-persist';
  if (separator !== undefined && !(separator >= 0 && separator <= 0x10ffff)) return 'invalid-sep';
  return isKnownEncoding(encoding) ? undefined : 'unknown-encoding';
}

/**
 * Integers the way Python's `int()` reads them: white space around, a sign, decimal digits of any
 * script, single underscores between them.
 */
const integer = /^[\s\x85]*([+-]?)(\p{Nd}+(?:_\p{Nd}+)*)[\s\x85]*$/u;

function toInteger(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  // As nearly all are; what follows takes ten times as long.
  if (/^[0-9]+$/.test(text)) return Number(text);
  const [, sign, digits] = (!text.includes('\ufeff') && integer.exec(text)) || [];
  if (digits === undefined) return Number.NaN;
  // Adding zero makes -0 the same separator as 0.
  return Number(`${sign}${digits.replaceAll('_', '').replace(/[^0-9]/gu, toAsciiDigit)}`) + 0;
}

/** Decimal digits stand in rows of ten, which begin with a zero (Unicode 4.6). */
function toAsciiDigit(digit: string): string {
  let zero = Number(digit.codePointAt(0));
  const point = zero;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((point - zero) % 10);
}
