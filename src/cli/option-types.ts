/**
 * What option values look like: raw text → value. Each throws CourierError USAGE with a
 * sentence that continues the option's name: `must be a duration such as 10s, not "ten"`.
 */

import { homedir } from 'node:os';
import { join } from 'node:path';
import { CourierError, quote } from '../faults/errors.ts';

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A hundred years; what is meant to be longer is `unlimited`. */
const longestDurationMs = 36_500 * 86_400_000;

/** `500ms`, `10s`, `5m`, `1.5h`, `1h30m`, `1d12h` → milliseconds; larger units stand first. */
export function parseDuration(raw: string): number {
  const parts = [...raw.matchAll(/(\d{1,9}(?:\.\d{1,3})?)(ms|[smhd])/g)];
  const factors = parts.map(([, , unit = '']) => durationUnits[unit] ?? 0);
  const isWhole = raw !== '' && parts.map(([part]) => part).join('') === raw;
  const isInOrder = factors.every((factor, index) => factor < (factors[index - 1] ?? Infinity));
  if (!isWhole || !isInOrder) throw notA('a duration such as 10s', raw, meantDuration(raw));
  const durationMs = parts.reduce(
    (sum, [, digits], index) => sum + Number(digits) * (factors[index] ?? 0),
    0,
  );
  if (durationMs > longestDurationMs) throw notA('a duration of at most 36500d', raw);
  return Math.round(durationMs);
}

const durationWords: readonly (readonly [RegExp, string])[] = [
  [/^(ms|msecs?|milliseconds?)$/, 'ms'],
  [/^(s|secs?|seconds?)$/, 's'],
  [/^(m|mins?|minutes?)$/, 'm'],
  [/^(h|hrs?|hours?)$/, 'h'],
  [/^(d|days?)$/, 'd'],
];

/** `5min`, `2 hours`, `10S` → `5m`, `2h`, `10s`. */
function meantDuration(raw: string): string | undefined {
  const [, digits, word = ''] = /^(\d{1,9}) ?([a-z]{1,12})$/i.exec(raw) ?? [];
  const unit = durationWords.find(([fits]) => fits.test(word.toLowerCase()))?.[1];
  return digits === undefined || unit === undefined ? undefined : `${digits}${unit}`;
}

/** A duration that may not be nothing. */
export function parsePositiveDuration(raw: string): number {
  const durationMs = parseDuration(raw);
  if (durationMs === 0) throw notA('a duration of more than nothing', raw);
  return durationMs;
}

/** `unlimited` switches a limit off. */
export function parseDurationOrUnlimited(raw: string): number {
  return raw === 'unlimited' ? Number.POSITIVE_INFINITY : parseDuration(raw);
}

const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  TB: 1000 ** 4,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** `1000`, `500kB`, `5MB`, `64MiB`, `1GB` → bytes. At most 2 GB: it has to fit into memory. */
export function parseSize(raw: string): number {
  return parseSizeWithin(2 * 1000 ** 3, '2GB', raw);
}

/** Other sizes have to fit into memory, this one onto a disk. */
export function parseDiskSize(raw: string): number {
  return parseSizeWithin(1000 * 1000 ** 4, '1000TB', raw);
}

/** Without a unit it is bytes. */
function parseSizeWithin(mostBytes: number, most: string, raw: string): number {
  const [, digits, unit = 'B'] = /^(\d{1,16}(?:\.\d{1,3})?)(B|[kMGT]B|[KMGT]iB)?$/.exec(raw) ?? [];
  if (digits === undefined) throw notA('a size such as 5MB', raw, meantSize(raw));
  const bytes = Math.floor(Number(digits) * (sizeUnits[unit] ?? 1));
  if (bytes < 1 || bytes > mostBytes) throw notA(`a size between 1B and ${most}`, raw);
  return bytes;
}

/** `10M`, `64mb`, `1 gib` → `10MB`, `64MB`, `1GiB`. */
function meantSize(raw: string): string | undefined {
  const [, digits, prefix = '', i = ''] = /^(\d{1,16}) ?([kmgt])(i?)b?$/i.exec(raw) ?? [];
  if (digits === undefined) return undefined;
  const isDecimalKilo = i === '' && prefix.toLowerCase() === 'k';
  return `${digits}${isDecimalKilo ? 'k' : prefix.toUpperCase()}${i.toLowerCase()}B`;
}

/** Any text but the empty one. */
export function parseText(raw: string): string {
  if (raw === '') throw new CourierError('USAGE', 'must not be empty');
  return raw;
}

/**
 * The path of a file or directory. `~` at its beginning is the home directory, since no shell
 * expands it behind `=`, in a rule of Checkmk or in a file of ours.
 */
export function parsePath(raw: string): string {
  const path = parseText(raw);
  if (path.includes('\0')) throw new CourierError('USAGE', 'must not hold a zero byte');
  if (!path.startsWith('~')) return path;
  if (path !== '~' && !path.startsWith('~/')) {
    const why = 'must begin with ~/ for the home directory, or with ./ for a file of such a name';
    throw new CourierError('USAGE', `${why}, not ${quote(path)}`);
  }
  return join(findHome(), path.slice(2));
}

/** HOME, else what the system knows of the user. */
function findHome(): string {
  try {
    const home = homedir();
    if (home.startsWith('/')) return home;
  } catch {
    // A user without an entry in the system's list, as in a container.
  }
  throw new CourierError('USAGE', 'must not begin with ~ where HOME is not set');
}

/** Says its bounds to those who make a form of it. */
export interface NumberParser {
  (raw: string): number;
  readonly least: number;
  readonly most: number;
}

/** A whole number from `least` to `most`. */
export function parseNumberWithin(least: number, most: number): NumberParser {
  const parse = (raw: string) => {
    const value = /^\d{1,9}$/.test(raw) ? Number(raw) : Number.NaN;
    if (!(value >= least && value <= most)) throw notA(`a number from ${least} to ${most}`, raw);
    return value;
  };
  return Object.assign(parse, { least, most });
}

/** Says its words to those who make a form of it. */
export interface WordParser<Word extends string> {
  (raw: string): Word;
  readonly words: readonly Word[];
}

/** One of a few words. */
export function parseOneOf<const Word extends string>(...words: readonly Word[]): WordParser<Word> {
  const parse = (raw: string): Word => {
    const word = words.find((candidate) => candidate === raw);
    if (word === undefined) throw notA(joinChoice(words), raw);
    return word;
  };
  return Object.assign(parse, { words });
}

/** `none, local or both`. */
function joinChoice(words: readonly string[]): string {
  const [last = '', ...others] = [...words].reverse();
  return others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`;
}

function notA(wanted: string, raw: string, meant?: string): CourierError {
  const hint = meant === undefined ? '' : `; is ${meant} meant?`;
  return new CourierError('USAGE', `must be ${wanted}, not ${quote(raw)}${hint}`);
}
