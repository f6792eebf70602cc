import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, formatLimit } from '../../src/times/durations.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test('a length of time is said in at most two units, rounded down', () => {
  const words: readonly (readonly [durationMs: number, text: string])[] = [
    [0, '0ms'],
    [1, '1ms'],
    [250.9, '250ms'],
    [999, '999ms'],
    [second, '1s'],
    [1999, '1s'],
    [59_999, '59s'],
    [minute, '1m'],
    [minute + second, '1m1s'],
    [5 * minute, '5m'],
    [47 * minute + 12 * second + 900, '47m12s'],
    [hour, '1h'],
    [hour + 59 * second, '1h'],
    [hour + minute, '1h1m'],
    [day, '1d'],
    [day + 59 * minute, '1d'],
    [3 * day + 4 * hour + 5 * minute, '3d4h'],
    [20_000 * day, '20000d'],
  ];
  assert.deepEqual(
    words.map(([durationMs]) => formatDuration(durationMs)),
    words.map(([, text]) => text),
  );
});

test('any length of time has one or two units', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1e12 }), (durationMs) => {
      assert.match(
        formatDuration(durationMs),
        /^(\d+ms|\d+s|\d+m(\d+s)?|\d+h(\d+m)?|\d+d(\d+h)?)$/,
      );
    }),
  );
});

test('a limit is told as exactly as it matters', () => {
  const told = [150, 1500, 1999, 10_333, 50_000, 59_998, 150_000].map(formatLimit);
  assert.deepEqual(told, ['150ms', '1.5s', '2s', '10s', '50s', '1m', '2m30s']);
});
