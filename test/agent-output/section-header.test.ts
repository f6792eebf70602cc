import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeaderOptions, readSectionHeader } from '../../src/agent-output/section-header.ts';

const defaults: HeaderOptions = {
  separator: undefined,
  cached: undefined,
  persistUntil: undefined,
  encoding: 'utf-8',
  nostrip: false,
};

function read(line: string) {
  return readSectionHeader(Buffer.from(line, 'latin1'));
}

const valid: readonly (readonly [string, Partial<HeaderOptions>])[] = [
  ['<<<df>>>', {}],
  ['<<<df:sep(9)>>>', { separator: 9 }],
  ['<<<df:sep(09)>>>', { separator: 9 }],
  ['<<<df:sep(0)>>>', { separator: 0 }],
  ['<<<df:sep(-0)>>>', { separator: 0 }],
  ['<<<df:sep(1114111)>>>', { separator: 0x10ffff }],
  ['<<<df:sep( +1_2\x0b)>>>', { separator: 12 }],
  ['<<<df:sep58)>>>', {}],
  ['<<<df:sep(\xd9\xa5\xd9\xa8)>>>', { separator: 58 }],
  ['<<<df:sep(\xef\xbc\x95)>>>', { separator: 5 }],
  ['<<<df:sep(\xf0\x9d\x9f\x99\xf0\x9d\x9f\xa2)>>>', { separator: 10 }],
  ['<<<df:sep(\xc2\xa09\xe3\x80\x80)>>>', { separator: 9 }],
  ['<<<df:sep(x):sep(9)>>>', { separator: 9 }],
  ['<<<df:nostrip>>>', {}],
  ['<<<df:nostrip()>>>', { nostrip: true }],
  ['<<<df:cached(1,2)>>>', { cached: { madeAt: 1, validSeconds: 2 } }],
  ['<<<df:cached(1,2,3)>>>', { cached: { madeAt: 1, validSeconds: 2 } }],
  ['<<<df:cached(1,-2)>>>', { cached: { madeAt: 1, validSeconds: -2 } }],
  ['<<<df:persist(1700000000)>>>', { persistUntil: 1700000000 }],
  ['<<<df:encoding(cp437)>>>', { encoding: 'cp437' }],
  ['<<<df:encoding(UTF 8)>>>', { encoding: 'UTF 8' }],
  ['<<<df:foo(1)>>>', {}],
  ['<<<df:junk>>>', {}],
  ['<<<df:>>>', {}],
  ['<<<df:()>>>', {}],
  ['<<<df:SEP(x)>>>', {}],
  ['<<<df:__proto__(x):constructor(y)>>>', {}],
  ['<<<df:a\r\x0b\xe2\x80\xa8b(c)>>>', {}],
  [
    '<<<df:cached(1,2):persist(5):sep(124):nostrip():encoding(latin-1)>>>',
    {
      cached: { madeAt: 1, validSeconds: 2 },
      persistUntil: 5,
      separator: 124,
      nostrip: true,
      encoding: 'latin-1',
    },
  ],
];

for (const [line, options] of valid) {
  test(`${JSON.stringify(line)} is section df`, () => {
    assert.deepEqual(read(line), { name: 'df', options: { ...defaults, ...options } });
  });
}

const invalid = {
  'invalid-name': [
    '<<<a-b>>>',
    '<<<a b>>>',
    '<<<a.b>>>',
    '<<< a>>>',
    '<<<<host>>>',
    '<<<host>>>>',
    '<<<(>>>',
    '<<<\xc3\xa4>>>',
    '<<<\xef\xbb\xbfdf>>>',
    '<<<a\r>>>',
    '<<<a\0>>>',
    '<<<-:sep()>>>',
  ],
  'invalid-utf-8': ['<<<\xe4>>>', '<<<df:\xff>>>', '<<<df:\xed\xa0\x80>>>', '<<<df:\xc0\x80>>>'],
  'invalid-cached': [
    '<<<df:cached()>>>',
    '<<<df:cached(5)>>>',
    '<<<df:cached(a,b)>>>',
    '<<<df:cached(1,b)>>>',
    '<<<df:cached(1.5,2)>>>',
    '<<<df:cached(,)>>>',
    '<<<df:cached(1,2,x)>>>',
    '<<<df:cached(1,2,)>>>',
    '<<<df:cached(1700000000.5,300)>>>',
    '<<<df:cached(1,2):cached(1)>>>',
  ],
  'invalid-persist': ['<<<df:persist()>>>', '<<<df:persist(0x1)>>>', '<<<df:persist(1__0)>>>'],
  'invalid-sep': [
    '<<<df:sep()>>>',
    '<<<df:sep(x)>>>',
    '<<<df:sep(-1)>>>',
    '<<<df:sep(1114112)>>>',
    '<<<df:sep(_1)>>>',
    '<<<df:sep((9))>>>',
    '<<<df:sep(99999999999999999999999999)>>>',
    '<<<df:sep(\xef\xbb\xbf9)>>>',
    '<<<df:sep(\xc2\xb2)>>>',
    '<<<df:sep(\x1c9)>>>',
  ],
  'unknown-encoding': [
    '<<<df:encoding()>>>',
    '<<<df:encoding(klingon)>>>',
    '<<<df:encoding(hex)>>>',
    '<<<df:encoding(undefined)>>>',
    '<<<df:encoding(punycode)>>>',
  ],
  'header-too-long': [`<<<df:${'x'.repeat(65_536)}>>>`],
};

for (const [rule, lines] of Object.entries(invalid)) {
  for (const line of lines) {
    test(`${JSON.stringify(line.slice(0, 60))} breaks ${rule}`, () =>
      assert.equal(read(line), rule));
  }
}

test('a header of 65536 bytes is not too long', () => {
  assert.deepEqual(read(`<<<df:${'x'.repeat(65_527)}>>>`), { name: 'df', options: defaults });
});

test('what versions of the site read differently is named', () => {
  const doubtful = {
    'unclosed-option': ['<<<df:sep(58>>>', '<<<df:sep(58)x>>>', '<<<df:sep(9)>>>>'],
    'glued-header': ['<<<df:x>>>text<<<cpu>>>', '<<<df:x<<<y()>>>'],
  };
  for (const [doubt, lines] of Object.entries(doubtful)) {
    for (const line of lines)
      assert.deepEqual(read(line), { name: 'df', options: defaults, doubt });
  }
});

test('a header read again is read the same, however many others came between', () => {
  const again = '<<<again:sep(9):nostrip()>>>';
  const first = read(again);
  for (let n = 0; n < 5000; n += 1) {
    assert.deepEqual(read(`<<<s${n}:sep(${n})>>>`), {
      name: `s${n}`,
      options: { ...defaults, separator: n },
    });
  }
  assert.deepEqual(read(again), first);
  assert.equal(read('<<<s\xe4>>>'), 'invalid-utf-8');
  assert.equal(read('<<<s\xc3\xa4>>>'), 'invalid-name');
  assert.equal(read('<<<s\xe4>>>'), 'invalid-utf-8');
});
