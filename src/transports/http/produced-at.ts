/** When the host produced what a web server, or a cache before it, served. */

import { quote } from '../../faults/errors.ts';
import { readHttpTime } from '../../times/read-time.ts';
import { isFromFuture } from '../../times/skew.ts';
import {
  isUnreadable,
  readStatedTime,
  type StatedTime,
  type UnreadableTime,
} from '../../times/stated-time.ts';

/** Header fields by name in lower case; what came several times is joined with commas. */
type Headers = ReadonlyMap<string, string>;

/** What is known beside the header. */
export interface Now {
  /** Milliseconds since the epoch, when the response arrived. */
  readonly nowMs: number;
  readonly maxSkewMs: number;
}

/**
 * The moment of production by our clock, and how it is found:
 *
 * - With Last-Modified the time between it and the peer's own Date is right even when its clock is
 *   wrong. Without Date it is taken as it is. Later than Date it comes out in the future.
 * - Without Last-Modified the response was made when Date says; a Date that is far from now means
 *   an age or a wrong clock, and it cannot be told which.
 * - What a cache adds: Age says how long it was there. Where a header speaks of a cache (Via,
 *   X-Cache, Warning, Age), an old Date is age as well, whatever Last-Modified says: RFC 9111 4.2.3.
 *
 * @returns undefined when no header tells; what cannot be read, when any of them cannot
 */
export function findProducedAt(headers: Headers, now: Now): StatedTime {
  const date = readField(headers, 'Date');
  const lastModified = readField(headers, 'Last-Modified');
  const age = readAge(headers);
  if (isUnreadable(lastModified)) return lastModified;
  if (isUnreadable(date)) return date;
  if (typeof age === 'object') return age;
  if (lastModified !== undefined) {
    if (date === undefined) return lastModified;
    const onItsWayMs = isFromCache(headers) ? waitingMs(date, age, now) : (age ?? 0);
    return new Date(now.nowMs - (date.getTime() - lastModified.getTime()) - onItsWayMs);
  }
  if (date === undefined) return age === undefined ? findWarning(headers) : ago(age, now);
  return isFromFuture(date, now.nowMs, now.maxSkewMs) ? date : ago(waitingMs(date, age, now), now);
}

/** How far the peer's clock is ahead of ours, in milliseconds; undefined when it does not tell. */
export function findSkew(headers: Headers, nowMs: number): number | undefined {
  const [date, age] = [readField(headers, 'Date'), readAge(headers)];
  if (!(date instanceof Date) || typeof age === 'object') return undefined;
  return date.getTime() + (age ?? 0) - nowMs;
}

function readField(headers: Headers, name: 'Date' | 'Last-Modified'): StatedTime {
  return readStatedTime(name, once(headers.get(name.toLowerCase())), readHttpTime);
}

/** Some servers send a field twice; equal values count as one. */
function once(text: string | undefined): string | undefined {
  const half = text?.slice(0, (text.length - 2) / 2);
  return text === `${half}, ${half}` ? half : text;
}

/** Seconds (RFC 9111 5.1) → milliseconds; of several caches the slowest counts. */
function readAge(headers: Headers): number | UnreadableTime | undefined {
  const text = headers.get('age');
  if (text === undefined) return undefined;
  const ages = text.split(',').map((age) => age.trim());
  if (!ages.every((age) => /^\d+$/.test(age))) return { unreadable: `Age ${quote(text)}` };
  return Math.min(Math.max(...ages.map(Number)), longestAgeS) * 1000;
}

/** A larger age counts as this: RFC 9111 1.2.2. */
const longestAgeS = 2 ** 31;

function isFromCache(headers: Headers): boolean {
  return ['via', 'x-cache', 'age'].some((name) => headers.has(name)) || warns(headers);
}

/** 110 to 112: a cache knows that the response is stale, or cannot ask the server (RFC 7234 5.5). */
function warns(headers: Headers): boolean {
  return /(?:^|,)\s*11[012]\s/.test(headers.get('warning') ?? '');
}

/** A response that is marked as stale has an age, even when no header states it. */
function findWarning(headers: Headers): UnreadableTime | undefined {
  return warns(headers)
    ? { unreadable: `Warning ${quote(headers.get('warning') ?? '')}` }
    : undefined;
}

/** How long a response was under way: as Date says, or as a cache says, whichever is longer. */
function waitingMs(date: Date, ageMs: number | undefined, { nowMs }: Now): number {
  return Math.max(0, nowMs - date.getTime(), ageMs ?? 0);
}

function ago(ageMs: number, { nowMs }: Now): Date {
  return new Date(nowMs - ageMs);
}
