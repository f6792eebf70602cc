/** The moment of production, from every combination of headers. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findProducedAt, findSkew } from '../../../src/transports/http/produced-at.ts';

const nowMs = Date.UTC(2026, 10, 20, 12, 0, 0);
const at = (secondsAgo: number) => new Date(nowMs - secondsAgo * 1000).toUTCString();

type Fields = Readonly<Record<string, string>>;

function find(fields: Fields) {
  return findProducedAt(new Map(Object.entries(fields)), { nowMs, maxSkewMs: 60_000 });
}

/** With these headers it was produced so many seconds ago; undefined: not known. */
const cases: readonly (readonly [when: string, fields: Fields, secondsAgo: number | undefined])[] =
  [
    ['no header', {}, undefined],
    ['a file of 90 s', { date: at(0), 'last-modified': at(90) }, 90],
    ['a file of this second', { date: at(0), 'last-modified': at(0) }, 0],
    ["a peer's clock an hour behind", { date: at(3600), 'last-modified': at(3690) }, 90],
    ["a peer's clock an hour ahead", { date: at(-3600), 'last-modified': at(-3510) }, 90],
    ['Last-Modified after Date', { date: at(0), 'last-modified': at(-60) }, -60],
    ['Last-Modified alone', { 'last-modified': at(90) }, 90],
    [
      'both, each twice',
      { date: `${at(9)}, ${at(9)}`, 'last-modified': `${at(99)}, ${at(99)}` },
      90,
    ],

    ['Date alone', { date: at(0) }, 0],
    ['Date alone, of a clock a little ahead', { date: at(-60) }, 0],
    ['Date alone, of a clock far ahead', { date: at(-61) }, -61],
    ['Date alone, a little old', { date: at(30) }, 30],
    ['Date alone, two hours old', { date: at(7200) }, 7200],

    ['Age alone', { age: '45' }, 45],
    ['several Ages', { age: '45, 90, 3' }, 90],
    ['an Age beyond all measure', { date: at(0), age: '99999999999' }, 2 ** 31],
    ['Date and Age', { date: at(300), age: '300' }, 300],
    ['an Age below that of Date', { date: at(300), age: '5' }, 300],
    ['an Age above that of Date', { date: at(5), age: '300' }, 300],
    ['a cache of 300 s', { date: at(300), 'last-modified': at(390), age: '300' }, 390],
    ['a cache without Date', { 'last-modified': at(90), age: '300' }, 90],

    ['Via and a Date of now', { date: at(0), 'last-modified': at(90), via: '1.1 squid' }, 90],
    ['Via and an old Date', { date: at(3600), 'last-modified': at(3690), via: '1.1 squid' }, 3690],
    [
      'X-Cache and an old Date',
      { date: at(3600), 'last-modified': at(3690), 'x-cache': 'HIT' },
      3690,
    ],
    ['X-Cache and an old Date alone', { date: at(3600), 'x-cache': 'HIT from squid' }, 3600],
    [
      'Warning and an old Date',
      { date: at(3600), 'last-modified': at(3690), warning: '110 squid "Response is stale"' },
      3690,
    ],
    [
      'another Warning and an old Date',
      { date: at(3600), 'last-modified': at(3690), warning: '199 x "110 "' },
      90,
    ],
    [
      'Via and a Date of a clock ahead',
      { date: at(-3600), 'last-modified': at(-3510), via: 'x' },
      90,
    ],
  ];

describe('the moment of production', () => {
  for (const [when, fields, secondsAgo] of cases) {
    const told = secondsAgo === undefined ? 'not known' : `${secondsAgo} s ago`;
    test(`with ${when} is ${told}`, () => {
      const expected = secondsAgo === undefined ? undefined : new Date(nowMs - secondsAgo * 1000);
      assert.deepEqual(find(fields), expected);
    });
  }
});

describe('what cannot be read is handed on as that', () => {
  const unreadable: readonly (readonly [fields: Fields, quoted: string])[] = [
    [{ date: at(0), 'last-modified': 'yesterday' }, 'Last-Modified "yesterday"'],
    [{ 'last-modified': '' }, 'Last-Modified ""'],
    [
      { date: at(0), 'last-modified': '2026-01-01T10:00:00' },
      'Last-Modified "2026-01-01T10:00:00"',
    ],
    [{ date: at(0), 'last-modified': `${at(0)}, ${at(9)}` }, `Last-Modified "${at(0)}, ${at(9)}"`],
    [{ date: '0', 'last-modified': at(90) }, 'Date "0"'],
    [{ date: 'now' }, 'Date "now"'],
    [{ date: at(0), age: '-5' }, 'Age "-5"'],
    [{ age: '5, x' }, 'Age "5, x"'],
    [{ warning: '110 - "Response is Stale"' }, 'Warning "110 - \'Response is Stale\'"'],
  ];
  for (const [fields, quoted] of unreadable) {
    test(quoted, () => assert.deepEqual(find(fields), { unreadable: quoted }));
  }
});

describe('a Last-Modified of eleven months ago is that old in every form', () => {
  for (const text of [
    'Thu, 01 Jan 2026 10:00:00 GMT',
    'Thu, 1 Jan 2026 10:00:00 GMT',
    'Thu, 01 Jan 2026 10:00:00 UTC',
    'Thursday, 01-Jan-26 10:00:00 GMT',
    'Thu Jan  1 10:00:00 2026',
    'Thu Jan  1 10:00:00 UTC 2026',
    'Thu, 01 Jan 2026 11:00:00 +0100',
    '2026-01-01T10:00:00Z',
    '1767261600',
  ]) {
    test(text, () => {
      const found = find({ date: at(0), 'last-modified': text });
      assert.deepEqual(found, new Date('2026-01-01T10:00:00Z'));
    });
  }
});

test('the skew of a peer is what its Date is ahead of us, caches set aside', () => {
  const skew = (fields: Fields) => findSkew(new Map(Object.entries(fields)), nowMs);
  assert.equal(skew({ date: at(-60) }), 60_000);
  assert.equal(skew({ date: at(300), age: '300' }), 0);
  assert.equal(skew({ 'last-modified': at(5) }), undefined);
  assert.equal(skew({ date: 'yesterday' }), undefined);
});
