/** Every way in which peers write the same moment, and what is none. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { readHttpTime, readTime } from '../../src/times/read-time.ts';

const expectedMs = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('the same moment is read from', () => {
  for (const text of [
    // RFC 9110 5.6.7.
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    // What servers write in its place.
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06-Nov-1994 08:49:37 GMT',
    'sun, 06 nov 1994 08:49:37 gmt',
    'Mon, 06 Nov 1994 08:49:37 GMT',
    // RFC 5322, `date -R`.
    'Sun, 06 Nov 1994 09:49:37 +0100',
    'Sun,  6 Nov 1994 00:49:37 -0800 (PST)',
    '06 Nov 1994 08:49:37 +0000',
    'Sun, 06 Nov 94 08:49:37 UT',
    // `date -u`, in the locale C and in en_US and en_GB.
    'Sun Nov  6 08:49:37 UTC 1994',
    'Sun 06 Nov 1994 08:49:37 AM UTC',
    'Sun  6 Nov 08:49:37 GMT 1994',
    // JavaScript, Go.
    'Sun Nov 06 1994 09:49:37 GMT+0100 (Central European Standard Time)',
    '1994-11-06 08:49:37 +0000 UTC',
    // ISO 8601 and its relatives.
    '1994-11-06T08:49:37Z',
    '1994-11-06t08:49:37z',
    '1994-11-06T09:49:37+01:00',
    '1994-11-06T09:49:37+0100',
    '1994-11-06T09:49:37+01',
    '1994-11-06 08:49:37 UTC',
    '1994-11-06 03:49:37-05:00',
    '19941106T084937Z',
    // Unix time.
    '784111777',
    '784111777000',
    ' 784111777 ',
  ]) {
    test(text, () => assert.equal(readTime(text), expectedMs));
  }
});

test('parts of a second count, a missing second is none', () => {
  assert.equal(readTime('1994-11-06T08:49:37.250Z'), expectedMs + 250);
  assert.equal(readTime('1994-11-06T08:49:37,5Z'), expectedMs + 500);
  assert.equal(readTime('784111777.123456789'), expectedMs + 123.45678901672363);
  assert.equal(readTime('1994-11-06T08:49Z'), expectedMs - 37_000);
  assert.equal(readTime('Sun, 06 Nov 1994 08:49 GMT'), expectedMs - 37_000);
});

test('half a day has twelve hours, of which the first is called twelve', () => {
  const midnight = Date.UTC(2026, 0, 1);
  assert.equal(readTime('Thu 01 Jan 2026 12:00:00 AM UTC'), midnight);
  assert.equal(readTime('Thu 01 Jan 2026 12:00:00 PM UTC'), midnight + 43_200_000);
  assert.equal(readTime('Thu 01 Jan 2026 11:59:59 PM UTC'), midnight + 86_399_000);
  assert.equal(readTime('Thu 01 Jan 2026 13:00:00 PM UTC'), undefined);
  assert.equal(readTime('Thu 01 Jan 2026 00:10:00 AM UTC'), undefined);
});

test('a leap second is the first of the next minute, a leap day is a day', () => {
  assert.equal(readTime('2016-12-31T23:59:60Z'), Date.UTC(2017, 0, 1));
  assert.equal(readTime('2024-02-29T00:00:00Z'), Date.UTC(2024, 1, 29));
});

test('a year of two digits is one from 1950 to 2049', () => {
  assert.equal(readTime('Sunday, 06-Nov-49 08:49:37 GMT'), Date.UTC(2049, 10, 6, 8, 49, 37));
  assert.equal(readTime('Sunday, 06-Nov-50 08:49:37 GMT'), Date.UTC(1950, 10, 6, 8, 49, 37));
});

test('what asctime() prints is in UTC only where HTTP says so', () => {
  for (const text of ['Sun Nov  6 08:49:37 1994', 'Sun Nov 06 08:49:37 1994']) {
    assert.equal(readHttpTime(text), expectedMs);
    assert.equal(readTime(text), undefined);
  }
  assert.equal(readHttpTime('Sun, 06 Nov 1994 08:49:37'), undefined);
});

describe('no moment is read from', () => {
  for (const text of [
    '',
    'yesterday',
    '0',
    '-1',
    '20260101',
    '12345678901234',
    'now',
    '1 hour ago',
    // No zone, or one that means several things.
    '2026-01-01T10:00:00',
    '2026-01-01 10:00:00',
    '2026-01-01T10:00:00Z CET',
    'Thu, 01 Jan 2026 10:00:00',
    'Thu, 01 Jan 2026 10:00:00 CST',
    'Thu, 01 Jan 2026 10:00:00 EST',
    'Thu Jan  1 10:00:00 CET 2026',
    // Another language.
    'Don Jan  1 10:00:00 CET 2026',
    'Do 1. Jan 10:00:00 UTC 2026',
    'jeu. 01 janv. 2026 10:00:00 UTC',
    // Nothing but a day, or an order nobody can be sure of.
    '2026-01-01',
    'Thu, 01 Jan 2026',
    '01/02/2026 10:00:00 UTC',
    // No such moment.
    '2026-02-31T10:00:00Z',
    '2026-02-29T10:00:00Z',
    '2026-13-01T10:00:00Z',
    '2026-01-00T10:00:00Z',
    'Thu, 01 Jan 2026 24:00:00 GMT',
    'Thu, 01 Jan 2026 10:61:00 GMT',
    'Sun, 06 Nov 1994 99:99:99 GMT',
    'Thu, 01 Jan 2026 10:00:00 +9900',
    // Twice, or with something behind it.
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT; x',
    `Sun, 06 Nov 1994 08:49:37 GMT (${'x'.repeat(100)})`,
    `Sun${','.repeat(50_000)}`,
  ]) {
    test(JSON.stringify(text.slice(0, 60)), () => assert.equal(readTime(text), undefined));
  }
});

test('what the date of this machine prints is read, whatever its format', () => {
  const date = (...args: string[]) =>
    execFileSync('date', ['--date=@784111777', ...args], {
      encoding: 'utf8',
      env: { LC_ALL: 'C', TZ: 'Asia/Kolkata' },
    });
  const formats = ['-R', '-u', '-Iseconds', '--rfc-3339=seconds', '+%s'];
  const printed = formats.map((format) => readTime(date(format)));
  assert.deepEqual(printed, Array(formats.length).fill(expectedMs));
});
