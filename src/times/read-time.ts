/** Times as peers write them → moments. The only reader of such times. */

import { monthOf, readClock, readZone } from './words.ts';

const longestText = 100;

/**
 * Reads a moment; the weekday, which says nothing beyond the date, may be wrong.
 *
 * - RFC 9110 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`
 * - RFC 5322 3.3 and `date -R`: `Sun, 6 Nov 1994 09:49:37 +0100 (CET)`
 * - `date -u`: `Sun Nov  6 08:49:37 UTC 1994`, `Sun 06 Nov 1994 08:49:37 AM UTC`
 * - ISO 8601, RFC 3339, `date -Is`: `1994-11-06T08:49:37.5Z`, `1994-11-06 09:49+01:00`, `19941106T084937Z`
 * - Unix time: seconds, perhaps with a fraction, or the milliseconds of JavaScript and Java
 *
 * @returns milliseconds since the epoch; undefined when the text is none of these, names no
 * possible moment, or says no zone. Letters for zones other than UTC mean several things.
 */
export function readTime(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed.length > longestText) return undefined;
  return readUnixTime(trimmed) ?? readIso(trimmed) ?? readWords(trimmed);
}

const asctime = /^[a-z]{3} [a-z]{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/i;

/** Within a second all peers say the same Date, and a file keeps its Last-Modified. */
const lastRead = new Map<string, number | undefined>();
const mostRemembered = 100;

/** The same for HTTP, where what asctime() prints is in UTC: RFC 9110 5.6.7. */
export function readHttpTime(text: string): number | undefined {
  if (lastRead.has(text)) return lastRead.get(text);
  const read = readTime(asctime.test(text) ? `${text} GMT` : text);
  if (lastRead.size === mostRemembered) lastRead.clear();
  if (text.length <= longestText) lastRead.set(text, read);
  return read;
}

/** 9 to 11 digits are seconds (1973 to 5138), 12 or 13 milliseconds. */
function readUnixTime(text: string): number | undefined {
  if (/^\d{9,11}(?:[.,]\d{1,9})?$/.test(text)) return Number(text.replace(',', '.')) * 1000;
  return /^\d{12,13}$/.test(text) ? Number(text) : undefined;
}

/** Behind a zone in numbers its name says nothing more. */
const isoDate =
  /^(\d{4})-?(\d\d)-?(\d\d)[T ] *([\d:.,]+) *(?:(Z|UTC|GMT)|([+-]\d\d(?::?\d\d)?)(?: [A-Z]{3,5})?)$/i;

function readIso(text: string): number | undefined {
  const [, year, month, day, clock = '', name, offset = ''] = isoDate.exec(text) ?? [];
  const time = readClock(clock);
  const offsetMs = readZone(name ?? offset);
  if (time === undefined || offsetMs === undefined) return undefined;
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  return toMoment(date, time - offsetMs);
}

const weekday = /^(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?,?$/i;

/** Parts of a date in English, in any order people and programs write them. */
interface Words {
  year?: number;
  month?: number;
  day?: number;
  clockMs?: number;
  isAfternoon?: boolean;
  offsetMs?: number;
}

function readWords(text: string): number | undefined {
  // A comment, as mail programs add the name of the zone: RFC 5322 3.2.2.
  const bare = text.replace(/\s*\([^()]*\)$/, '');
  const dashed = /\b(\d{1,2})-([a-z]{3,9})-(\d{2}|\d{4})\b/i;
  const [first = '', ...rest] = bare.replace(dashed, '$1 $2 $3').split(/\s+/);
  const words = (weekday.test(first) ? rest : [first, ...rest]).filter((word) => word !== '');
  const found = collectWords(words);
  if (found === undefined) return undefined;
  const { year, month, day, offsetMs } = found;
  const clockMs = toFullDay(found);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (clockMs === undefined || offsetMs === undefined) return undefined;
  return toMoment({ year, month, day }, clockMs - offsetMs);
}

/** Undefined as soon as a word is of no known kind, or the second of its kind. */
function collectWords(words: readonly string[]): Words | undefined {
  const found: Words = {};
  for (const word of words) {
    const part = readWord(word, found);
    if (part === undefined || Object.keys(part).some((name) => name in found)) return undefined;
    Object.assign(found, part);
  }
  return found;
}

function readWord(word: string, found: Words): Words | undefined {
  const month = monthOf(word.replace(/,$/, ''));
  if (month !== undefined) return { month };
  if (/^\d{1,2},?$/.test(word) && found.day === undefined)
    return { day: Number.parseInt(word, 10) };
  if (/^\d{2}$/.test(word)) return { year: toFullYear(Number(word)) };
  if (/^\d{4}$/.test(word)) return { year: Number(word) };
  if (/^[ap]m$/i.test(word)) return { isAfternoon: /^p/i.test(word) };
  const clockMs = readClock(word);
  if (clockMs !== undefined) return { clockMs };
  const offsetMs = readZone(word);
  return offsetMs === undefined ? undefined : { offsetMs };
}

/** As RFC 5322 4.3 has it, and HTTP until 2050. */
function toFullYear(twoDigits: number): number {
  return twoDigits + (twoDigits < 50 ? 2000 : 1900);
}

const halfDayMs = 43_200_000;

/** From midnight on; `12:30 AM` is half an hour. */
function toFullDay({ clockMs, isAfternoon }: Words): number | undefined {
  if (clockMs === undefined || isAfternoon === undefined) return clockMs;
  const hours = Math.floor(clockMs / 3_600_000);
  if (hours < 1 || hours > 12) return undefined;
  return (clockMs % halfDayMs) + (isAfternoon ? halfDayMs : 0);
}

interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Undefined for a day the calendar does not have, such as 31 February. */
function toMoment({ year, month, day }: CalendarDay, sinceMidnightMs: number): number | undefined {
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day);
  const isPossible = midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day;
  return isPossible ? midnight.getTime() + sinceMidnightMs : undefined;
}
