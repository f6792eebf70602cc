/** The moment of production, from every combination of headers. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findProducedAt, findSkew } from '../../../src/transports/http/produced-at.ts';

const now = Date.UTC(2026, 10, 20, 12, 0, 0);
const at = (secondsAgo: number) => new Date(now - secondsAgo * 1000).toUTCString();

interface Case {
  readonly when: string;
  readonly date?: string;
  readonly lastModified?: string;
  readonly age?: string;
  /** Seconds before now; undefined: not known. */
  readonly produced: number | undefined;
}

const cases: readonly Case[] = [
  { when: 'no header', produced: undefined },
  { when: 'a file of 90 s', date: at(0), lastModified: at(90), produced: 90 },
  { when: 'a file of this second', date: at(0), lastModified: at(0), produced: 0 },
  { when: "a peer's clock an hour behind", date: at(3600), lastModified: at(3690), produced: 90 },
  { when: "a peer's clock an hour ahead", date: at(-3600), lastModified: at(-3510), produced: 90 },
  { when: 'a cache of 300 s', date: at(300), lastModified: at(390), age: '300', produced: 390 },
  { when: 'a cache without Date', lastModified: at(90), age: '300', produced: 90 },
  { when: 'Last-Modified after Date', date: at(0), lastModified: at(-60), produced: -60 },
  { when: 'Last-Modified alone', lastModified: at(90), produced: 90 },
  { when: 'Date alone', date: at(0), produced: 0 },
  { when: 'Date alone, of a wrong clock', date: at(7200), produced: 0 },
  { when: 'Date and Age', date: at(300), age: '300', produced: 300 },
  { when: 'Age alone', age: '45', produced: 45 },
  { when: 'an Age that is none', age: '-5', produced: undefined },
  { when: 'an Age beyond all measure', date: at(0), age: '99999999999', produced: 0 },
  { when: 'a Last-Modified that is none', date: at(0), lastModified: 'yesterday', produced: 0 },
  { when: 'a Date that is none', date: '0', lastModified: at(90), produced: 90 },
];

describe('the moment of production', () => {
  for (const { when, date, lastModified, age, produced } of cases) {
    const told = produced === undefined ? 'not known' : `${produced} s ago`;
    test(`with ${when} is ${told}`, () => {
      const found = findProducedAt({ date, lastModified, age }, now);
      assert.equal(found && (now - found.getTime()) / 1000, produced);
    });
  }
});

describe('a date', () => {
  const producedAt = (lastModified: string) =>
    findProducedAt({ date: undefined, lastModified, age: undefined }, now);

  test('has the one form servers must use', () => {
    const produced = producedAt('Sun, 06 Nov 1994 08:49:37 GMT');
    assert.equal(produced?.getTime(), Date.UTC(1994, 10, 6, 8, 49, 37));
  });

  test('of any other form is ignored', () => {
    for (const text of [
      '',
      '2026-11-20T12:00:00Z',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
      'Sun, 06 Nov 1994 08:49:37 +0100',
      'Sun, 06 Nov 1994 99:99:99 GMT',
      'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    ]) {
      assert.equal(producedAt(text), undefined, text);
    }
  });
});

test('the skew of a peer is what its Date is ahead of us, caches set aside', () => {
  const none = { lastModified: undefined, age: undefined };
  assert.equal(findSkew({ ...none, date: at(-60) }, now), 60_000);
  assert.equal(findSkew({ ...none, date: at(300), age: '300' }, now), 0);
  assert.equal(findSkew({ ...none, date: undefined }, now), undefined);
});
