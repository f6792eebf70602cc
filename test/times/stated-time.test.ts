import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFromFuture } from '../../src/times/skew.ts';
import { isUnreadable, oldestOf, readStatedTime } from '../../src/times/stated-time.ts';

test('a field that is not there states nothing, one that cannot be read is quoted', () => {
  assert.equal(readStatedTime('Date', undefined), undefined);
  assert.deepEqual(readStatedTime('Date', '1767261600'), new Date('2026-01-01T10:00:00Z'));
  const odd = readStatedTime('Date', 'a "b"\u0000|\n');
  assert.deepEqual(odd, { unreadable: 'Date "a \'b\' ¦"' });
  assert.ok(isUnreadable(odd));
  assert.deepEqual(readStatedTime('Date', ''), { unreadable: 'Date ""' });
});

test('the oldest of several times is one that cannot be read', () => {
  const [early, late] = [new Date(1000), new Date(2000)];
  const unreadable = { unreadable: 'Date "x"' };
  assert.equal(oldestOf([late, early, undefined]), early);
  assert.equal(oldestOf([early, unreadable]), unreadable);
  assert.equal(oldestOf([undefined]), undefined);
  assert.equal(oldestOf([]), undefined);
});

test('a moment is from the future when it is later than the skew explains', () => {
  const nowMs = 1_000_000;
  assert.equal(isFromFuture(new Date(nowMs + 60_000), nowMs), false);
  assert.equal(isFromFuture(new Date(nowMs + 60_001), nowMs), true);
  assert.equal(isFromFuture(new Date(nowMs + 1), nowMs, 0), true);
  assert.equal(isFromFuture(new Date(nowMs), nowMs, 0), false);
});
