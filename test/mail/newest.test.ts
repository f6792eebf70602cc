import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestFirst } from '../../src/mail/newest.ts';
import { describeTimes, producedAt } from '../../src/mail/times.ts';

const at = (clock: string) => new Date(`2026-11-20T${clock}Z`);

test('output is as old as the older of date and arrival', () => {
  const early = at('10:02:00');
  const late = at('10:05:00');
  assert.equal(producedAt({ datedAt: early, arrivedAt: late }), early);
  assert.equal(producedAt({ datedAt: late, arrivedAt: early }), early);
  assert.equal(producedAt({ datedAt: undefined, arrivedAt: late }), late);
  assert.equal(producedAt({ datedAt: late, arrivedAt: undefined }), late);
  assert.equal(producedAt({ datedAt: undefined, arrivedAt: undefined }), undefined);
});

test('a date that cannot be read is not made up for by the arrival', () => {
  const datedAt = { unreadable: 'Date "Don Jan  1 10:00:00 CET 2026"' };
  assert.equal(producedAt({ datedAt, arrivedAt: at('10:05:00') }), datedAt);
  assert.equal(producedAt({ datedAt: at('10:05:00'), arrivedAt: datedAt }), datedAt);
  assert.equal(
    describeTimes({ datedAt, arrivedAt: at('10:05:01') }),
    'dated unreadably, arrived 2026-11-20 10:05:01 UTC',
  );
  assert.equal(describeTimes({ datedAt, arrivedAt: undefined }), 'dated unreadably');
});

test('a message whose date cannot be read is as new as its arrival', () => {
  const odd = { order: 1, datedAt: { unreadable: 'Date "x"' }, arrivedAt: at('10:06:00') };
  const fresh = { order: 2, datedAt: at('10:05:00'), arrivedAt: at('10:05:00') };
  assert.equal(newestFirst([odd, fresh])[0], odd);
});

test('both times are said', () => {
  assert.equal(
    describeTimes({ datedAt: at('10:02:00'), arrivedAt: at('10:05:01') }),
    'dated 2026-11-20 10:02:00, arrived 2026-11-20 10:05:01 UTC',
  );
  assert.equal(
    describeTimes({ datedAt: undefined, arrivedAt: at('10:05:01') }),
    'without a date, arrived 2026-11-20 10:05:01 UTC',
  );
});

test('a message that was long on its way is not the newest because it came last', () => {
  const delayed = { order: 2, datedAt: at('10:00:00'), arrivedAt: at('10:10:00') };
  const fresh = { order: 1, datedAt: at('10:05:00'), arrivedAt: at('10:06:00') };
  assert.equal(newestFirst([fresh, delayed])[0], fresh);
});

test('of two messages of one second the one that came last is the newest', () => {
  const times = { datedAt: at('10:00:00'), arrivedAt: at('10:00:00') };
  const first = { order: 1, ...times };
  const second = { order: 2, ...times };
  assert.equal(newestFirst([second, first])[0], second);
  assert.equal(newestFirst([])[0], undefined);
});

test('a date in the future makes a message no newer than its arrival', () => {
  const wrong = { order: 1, datedAt: at('23:00:00'), arrivedAt: at('10:00:00') };
  const right = { order: 2, datedAt: at('10:01:00'), arrivedAt: at('10:01:00') };
  assert.equal(newestFirst([wrong, right])[0], right);
});
