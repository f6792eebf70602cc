/**
 * What option values look like: raw text → value. Each throws CourierError USAGE with a
 * sentence that continues the option's name: `must be a duration such as 10s, not "ten"`.
 */

import { CourierError, quote } from '../faults/errors.ts';

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `500ms`, `10s`, `5m`, `2h`, `1d`, `1.5h` → milliseconds. */
export function parseDuration(raw: string): number {
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(raw) ?? [];
  const factor = unit === undefined ? undefined : durationUnits[unit];
  if (digits === undefined || factor === undefined) throw notA('a duration such as 10s', raw);
  return Math.round(Number(digits) * factor);
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
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** `500kB`, `5MB`, `64MiB`, `1GB` → bytes. At most 2 GB: it has to fit into memory. */
export function parseSize(raw: string): number {
  const [, digits, unit] = /^(\d{1,10}(?:\.\d{1,3})?)(B|kB|MB|GB|KiB|MiB|GiB)$/.exec(raw) ?? [];
  const factor = unit === undefined ? undefined : sizeUnits[unit];
  if (digits === undefined || factor === undefined) throw notA('a size such as 5MB', raw);
  const bytes = Math.floor(Number(digits) * factor);
  if (bytes === 0 || bytes > 2 * 1000 ** 3) throw notA('a size between 1B and 2GB', raw);
  return bytes;
}

/** Any text but the empty one. */
export function parseText(raw: string): string {
  if (raw === '') throw new CourierError('USAGE', 'must not be empty');
  return raw;
}

/** The path of a file, as it is. */
export const parsePath = parseText;

/** A whole number from `least` to `most`. */
export function parseNumberWithin(least: number, most: number): (raw: string) => number {
  return (raw) => {
    const value = /^\d{1,9}$/.test(raw) ? Number(raw) : Number.NaN;
    if (!(value >= least && value <= most)) throw notA(`a number from ${least} to ${most}`, raw);
    return value;
  };
}

/** One of a few words. */
export function parseOneOf<const Word extends string>(...words: readonly Word[]) {
  return (raw: string): Word => {
    const word = words.find((candidate) => candidate === raw);
    if (word === undefined) throw notA(words.join(' or '), raw);
    return word;
  };
}

function notA(wanted: string, raw: string): CourierError {
  return new CourierError('USAGE', `must be ${wanted}, not ${quote(raw)}`);
}

/** Other sizes have to fit into memory, this one onto a disk. */
export function parseDiskSize(raw: string): number {
  const [, digits, unit] = /^(\d{1,6})(MB|GB|TB)$/.exec(raw) ?? [];
  const factor = unit === 'TB' ? 1e12 : unit === 'GB' ? 1e9 : 1e6;
  if (digits !== undefined && Number(digits) > 0) return Number(digits) * factor;
  throw new CourierError('USAGE', `must be a size such as 10GB, not ${quote(raw)}`);
}
