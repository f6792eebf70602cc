import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAge } from '../../src/fetching/age.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const rule = { maxAgeMs: 300_000, maxSkewMs: 60_000 };
const clock = new FakeClock();

/** Checks output that was produced so long ago. */
function check(ageMs: number | undefined, given = rule): void {
  const producedAt = ageMs === undefined ? undefined : new Date(clock.now() - ageMs);
  checkAge({ origin: '/drops/web01', producedAt }, given, clock);
}

function checkStated(unreadable: string, maxAgeMs: number): Date | undefined {
  const delivery = { origin: '/drops/web01', producedAt: { unreadable } };
  return checkAge(delivery, { ...rule, maxAgeMs }, clock);
}

function assertStale(ageMs: number, message: string, given = rule): void {
  const error = catchThrown(() => check(ageMs, given));
  assert.deepEqual([error.code, error.message], ['STALE', message]);
}

test('output up to the greatest age passes', () => {
  check(0);
  check(300_000);
});

test('older output is refused with both ages', () => {
  assertStale(300_001, '/drops/web01 is just over 5m old, allowed are 5m');
  assertStale(2_832_000, '/drops/web01 is 47m12s old, allowed are 5m');
});

test('output from the future passes up to the greatest skew', () => {
  check(-1);
  check(-60_000);
  assertStale(-60_001, '/drops/web01 is from 1m in the future, allowed are 1m');
  assertStale(-7_200_000, '/drops/web01 is from 2h in the future, allowed are 1m');
});

test('without a skew only the past passes', () => {
  const strict = { maxAgeMs: 0, maxSkewMs: 0 };
  check(0, strict);
  assertStale(1, '/drops/web01 is 1ms old, allowed are 0ms', strict);
  assertStale(-1, '/drops/web01 is from 1ms in the future, allowed are 0ms', strict);
});

test('any age passes when it is unlimited, but not the future', () => {
  const unlimited = { maxAgeMs: Number.POSITIVE_INFINITY, maxSkewMs: 60_000 };
  check(clock.now(), unlimited);
  assertStale(-60_001, '/drops/web01 is from 1m in the future, allowed are 1m', unlimited);
});

test('output whose time nobody knows passes', () => {
  check(undefined);
});

test('a time that is stated and cannot be read is not as good as none', () => {
  const error = catchThrown(() => checkStated('Last-Modified "yesterday"', rule.maxAgeMs));
  assert.deepEqual(
    [error.code, error.message],
    ['STALE', '/drops/web01 is of unknown age: Last-Modified "yesterday" is no time we can read'],
  );
  assert.equal(checkStated('Last-Modified "yesterday"', Number.POSITIVE_INFINITY), undefined);
});

test('output with a time that is none does not pass as fresh', () => {
  assert.equal(catchThrown(() => check(Number.NaN)).code, 'STALE');
});
