import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { shareOf } from '../../src/fetching/deadline.ts';
import { startTimeLimit } from '../../src/system/time-limit.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const timeout = 60_000;

function begin(timeoutMs = 10_000, parent = new AbortController()) {
  const clock = new FakeClock();
  const limit = { clock, timeoutMs, tooSlow: 'no agent output from file:///drops/web01' };
  return { clock, parent, running: startTimeLimit(limit, parent.signal) };
}

test('the signal aborts when the time is over, and says what did not happen', {
  timeout,
}, async () => {
  const { clock, running } = begin();
  clock.advance(9_999);
  await Promise.resolve();
  assert.equal(running.signal.aborted, false);
  clock.advance(1);
  await waitUntil(() => running.signal.aborted);
  const { reason } = running.signal;
  assert.ok(reason instanceof CourierError);
  assert.deepEqual(
    [reason.code, reason.message],
    ['TIMEOUT', 'no agent output from file:///drops/web01 within 10s'],
  );
});

test('the signal aborts with its parent and the reason of the parent', () => {
  const { parent, running } = begin();
  const reason = new CourierError('INTERRUPTED', 'ended by SIGTERM');
  parent.abort(reason);
  assert.equal(running.signal.reason, reason);
  running.stop();
});

test('the signal is aborted from the start when its parent is', () => {
  const parent = new AbortController();
  const reason = new CourierError('INTERRUPTED', 'ended by SIGTERM');
  parent.abort(reason);
  const { running, clock } = begin(10, parent);
  assert.equal(running.signal.reason, reason);
  running.stop();
  assert.equal(clock.sleeping, 0);
});

test('the first reason to end stays the reason', { timeout }, async () => {
  const { clock, parent, running } = begin();
  clock.advance(10_000);
  await waitUntil(() => running.signal.aborted);
  parent.abort(new CourierError('INTERRUPTED', 'ended by SIGTERM'));
  assert.equal(running.signal.reason.code, 'TIMEOUT');
});

test('a stopped limit of time never aborts and holds nothing', async () => {
  const { clock, parent, running } = begin();
  assert.equal(clock.sleeping, 1);
  running.stop();
  running.stop();
  assert.equal(clock.sleeping, 0);
  assert.deepEqual(getEventListeners(parent.signal, 'abort'), []);
  clock.advance(20_000);
  parent.abort();
  await Promise.resolve();
  assert.equal(running.signal.aborted, false);
});

test('a stopped limit of real time leaves no timer', () => {
  const parent = new AbortController().signal;
  const limit = { clock: systemClock, timeoutMs: 3_600_000, tooSlow: 'nothing' };
  startTimeLimit(limit, parent).stop();
  assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
});

test('a share is an equal part of what is left', () => {
  assert.equal(shareOf(30_000, 3, undefined), 10_000);
  assert.equal(shareOf(30_000, 1, undefined), 30_000);
  assert.equal(shareOf(10_000, 3, undefined), 3333);
});

test('a timeout makes a share smaller, never larger', () => {
  assert.equal(shareOf(30_000, 3, 2_000), 2_000);
  assert.equal(shareOf(30_000, 3, 20_000), 10_000);
});

test('a share is never nothing', () => {
  assert.equal(shareOf(0, 1, undefined), 1);
  assert.equal(shareOf(-500, 2, 2_000), 1);
  assert.equal(shareOf(2, 3, undefined), 1);
});

test('a share that lacks a moment of a whole second is told as that second', {
  timeout,
}, async () => {
  const told: readonly (readonly [timeoutMs: number, words: string])[] = [
    [1_999, '2s'],
    [59_998, '1m'],
    [10_333, '10s'],
    [250, '250ms'],
  ];
  for (const [timeoutMs, words] of told) {
    const { clock, running } = begin(timeoutMs);
    clock.advance(timeoutMs);
    await waitUntil(() => running.signal.aborted);
    assert.equal(
      running.signal.reason.message,
      `no agent output from file:///drops/web01 within ${words}`,
    );
  }
});
