import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../src/clock.ts';

/** `slept`, or the reason of the rejection. */
function outcomeOf(sleep: Promise<void>): Promise<unknown> {
  return sleep.then(
    () => 'slept',
    (reason: unknown) => reason,
  );
}

test('now is the time since the epoch in milliseconds', () => {
  const before = Date.now();
  const now = systemClock.now();
  assert.ok(before <= now && now <= Date.now());
});

test('a sleep ends after its time and lets go of the signal', async () => {
  const { signal } = new AbortController();
  assert.equal(await outcomeOf(systemClock.sleep(5, signal)), 'slept');
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test('an abort ends a sleep with its reason', async () => {
  const controller = new AbortController();
  const sleep = outcomeOf(systemClock.sleep(3_600_000, controller.signal));
  const reason = new Error('no more sleep');
  controller.abort(reason);
  assert.equal(await sleep, reason);
  assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
});

test('a sleep does not begin when the signal has aborted already', async () => {
  const reason = new Error('aborted before');
  assert.equal(await outcomeOf(systemClock.sleep(3_600_000, AbortSignal.abort(reason))), reason);
  assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
});

test('an abort after the sleep does nothing', async () => {
  const controller = new AbortController();
  const sleep = outcomeOf(systemClock.sleep(1, controller.signal));
  await sleep;
  controller.abort(new Error('too late'));
  assert.equal(await sleep, 'slept');
});

test('a sleep of a month does not end at once', async () => {
  const controller = new AbortController();
  const sleep = outcomeOf(systemClock.sleep(30 * 86_400_000, controller.signal));
  const first = await Promise.race([sleep, wait(100, 'still asleep')]);
  controller.abort();
  assert.equal(first, 'still asleep');
});
