import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  parseDiskSize,
  parseDuration,
  parseDurationOrUnlimited,
  parseNumberWithin,
  parseOneOf,
  parsePath,
  parsePositiveDuration,
  parseSize,
  parseText,
} from '../../src/cli/option-types.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { anyText } from '../helpers/any-text.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';

/** Fails unless every text is refused as USAGE with exactly the sentence about it, blanks at its ends aside. */
function assertRefused(
  parse: (raw: string) => unknown,
  wanted: string,
  texts: readonly string[],
): void {
  for (const text of texts) {
    const { code, message } = catchThrown(() => parse(text));
    assert.deepEqual([code, message], ['USAGE', `must be ${wanted}, not "${text.trim()}"`]);
  }
}

test('durations carry a unit and become milliseconds', () => {
  const durations = ['0s', '500ms', '10s', '5m', '2h', '1d', '1.5h', '0.125s', '007s'];
  const combined = ['1h30m', '1d12h', '2m500ms', '1d1h1m1s1ms', '1h0.5m'];
  assert.deepEqual(
    combined.map(parseDuration),
    [5_400_000, 129_600_000, 120_500, 90_061_001, 3_630_000],
  );
  assert.deepEqual(
    durations.map(parseDuration),
    [0, 500, 10_000, 300_000, 7_200_000, 86_400_000, 5_400_000, 125, 7000],
  );
});

test('what is no duration is refused and quoted', () => {
  const texts = ['', 'ten', '10', 's', '-1s', '+1s', ' 1s', '1s ', '1e3s', '1,5s'];
  const more = [
    '.5s',
    '1.s',
    '1.2345s',
    '1w',
    '30m1h',
    '1h1h',
    '1h30',
    '1h 30m',
    'unlimited',
    '٣s',
    '1234567890s',
  ];
  assertRefused(parseDuration, 'a duration such as 10s', [...texts, ...more]);
});

test('a duration with a line break is refused', () => {
  assert.equal(
    catchThrown(() => parseDuration('1s\n2s')).message,
    'must be a duration such as 10s, not "1s 2s"',
  );
});

test('a positive duration is more than nothing', () => {
  assert.equal(parsePositiveDuration('1ms'), 1);
  const wanted = 'a duration of more than nothing';
  assertRefused(parsePositiveDuration, wanted, ['0s', '0.0h', '0.4ms']);
  assertRefused(parsePositiveDuration, 'a duration such as 10s', ['', '0']);
});

test('a unit in other words brings the one that is known', () => {
  const meant = {
    '5min': '5m',
    '1 s': '1s',
    '2 hours': '2h',
    '10S': '10s',
    '1S': '1s',
    '3sec': '3s',
    '10secs': '10s',
    '1Day': '1d',
  };
  for (const [text, wanted] of Object.entries(meant)) {
    const { message } = catchThrown(() => parseDuration(text));
    assert.equal(message, `must be a duration such as 10s, not "${text}"; is ${wanted} meant?`);
  }
  const sizes = {
    '10M': '10MB',
    '5 MB': '5MB',
    '5KB': '5kB',
    '10gb': '10GB',
    '64mb': '64MB',
    '5mb': '5MB',
    '5M': '5MB',
    '5K': '5kB',
    '1 gib': '1GiB',
  };
  for (const [text, wanted] of Object.entries(sizes)) {
    const { message } = catchThrown(() => parseSize(text));
    assert.equal(message, `must be a size such as 5MB, not "${text}"; is ${wanted} meant?`);
  }
  assert.match(catchThrown(() => parseDiskSize('10gb')).message, /; is 10GB meant\?$/);
  assert.doesNotMatch(catchThrown(() => parseDuration('1w')).message, /meant/);
});

test('unlimited is the longest duration', () => {
  assert.equal(parseDurationOrUnlimited('unlimited'), Number.POSITIVE_INFINITY);
  assert.equal(parseDurationOrUnlimited('5m'), 300_000);
  assertRefused(parseDurationOrUnlimited, 'a duration such as 10s', ['Unlimited', 'Infinity', '']);
});

test('sizes become bytes, and are bytes without a unit', () => {
  const sizes = ['1B', '500kB', '5MB', '1GB', '2GB', '1KiB', '64MiB', '1GiB', '1.5MB', '1000'];
  assert.deepEqual(
    sizes.map(parseSize),
    [1, 500_000, 5_000_000, 1e9, 2e9, 1024, 67_108_864, 1_073_741_824, 1_500_000, 1000],
  );
  assert.equal(parseSize('1.999B'), 1);
});

test('what is no size is refused and quoted', () => {
  const texts = ['', 'big', 'MB', '-5MB', '1e3B', '1.2345MB'];
  assertRefused(parseSize, 'a size such as 5MB', [...texts, 'unlimited', '1PB']);
});

test('a size is at least a byte and fits into memory', () => {
  const wanted = 'a size between 1B and 2GB';
  assertRefused(parseSize, wanted, [
    '0B',
    '0.9B',
    '2000000001B',
    '2.001GB',
    '9999999999GiB',
    '0',
    '1TB',
  ]);
});

test('a size on a disk may be larger than memory', () => {
  const sizes = ['10GB', '2TB', '1TiB', '500', '1.5GB'];
  assert.deepEqual(sizes.map(parseDiskSize), [10e9, 2e12, 2 ** 40, 500, 1.5e9]);
  assertRefused(parseDiskSize, 'a size such as 5MB', ['', 'much', '-1GB']);
  assertRefused(parseDiskSize, 'a size between 1B and 1000TB', ['0', '0GB', '1001TB']);
});

test('a duration is at most a hundred years', () => {
  assert.equal(parseDuration('36500d'), 36_500 * 86_400_000);
  assertRefused(parseDuration, 'a duration of at most 36500d', ['36501d', '999999999d']);
});

test('~ at the beginning of a path is the home directory', { concurrency: false }, () => {
  const before = process.env['HOME'];
  process.env['HOME'] = '/omd/sites/mysite';
  try {
    assert.deepEqual(['~', '~/etc/pass word', '~/', './~x', '/~/x', 'a/~'].map(parsePath), [
      '/omd/sites/mysite',
      '/omd/sites/mysite/etc/pass word',
      '/omd/sites/mysite',
      './~x',
      '/~/x',
      'a/~',
    ]);
    assert.equal(
      catchThrown(() => parsePath('~root/x')).message,
      'must begin with ~/ for the home directory, or with ./ for a file of such a name, not "~root/x"',
    );
    assert.equal(catchThrown(() => parsePath('/a\0b')).message, 'must not hold a zero byte');
    process.env['HOME'] = 'relative';
    assert.equal(
      catchThrown(() => parsePath('~/x')).message,
      'must not begin with ~ where HOME is not set',
    );
  } finally {
    if (before === undefined) delete process.env['HOME'];
    else process.env['HOME'] = before;
  }
});

test('text is anything but nothing', () => {
  assert.deepEqual([' ', 'a\nb', '0'].map(parseText), [' ', 'a\nb', '0']);
  assert.equal(parsePath('/a b/../c'), '/a b/../c');
  const { code, message } = catchThrown(() => parseText(''));
  assert.deepEqual([code, message], ['USAGE', 'must not be empty']);
});

test('a number is whole and within its bounds', () => {
  const parsePort = parseNumberWithin(1, 65_535);
  assert.deepEqual(['1', '65535', '0443'].map(parsePort), [1, 65_535, 443]);
  const texts = ['', '0', '65536', '-1', '+1', '1.0', '0x10', '1e3', ' 1', '1234567890', 'NaN'];
  assertRefused(parsePort, 'a number from 1 to 65535', texts);
});

test('one of a few words is exactly that word, and its type is known', () => {
  const parseKind = parseOneOf('pem', 'der');
  const kind: 'pem' | 'der' = parseKind('der');
  assert.equal(kind, 'der');
  assertRefused(parseKind, 'pem or der', ['', 'PEM', 'pe', 'toString']);
});

test('any text is a finite value of at least nothing, or refused', () => {
  const parsers = [parseDuration, parsePositiveDuration, parseSize, parseNumberWithin(0, 9)];
  const texts = fc.oneof(anyText, fc.stringMatching(/^\d{1,11}(\.\d{1,4})?[a-zA-Z]{0,3}$/));
  fc.assert(
    fc.property(texts, fc.constantFrom(...parsers), (text, parse) => {
      try {
        assert.ok(parse(text) >= 0 && Number.isSafeInteger(parse(text)));
      } catch (error) {
        assert.ok(error instanceof CourierError, String(error));
        assert.equal(error.code, 'USAGE');
      }
    }),
  );
});
