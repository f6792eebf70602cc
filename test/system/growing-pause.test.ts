import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../src/clock.ts';
import { GrowingPause } from '../../src/system/growing-pause.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

/** A clock whose sleeps end at once, and how long they would have been. */
function makeImpatientClock() {
  const slept: number[] = [];
  const clock: Clock = {
    ...{ now: () => 0, monotonic: () => 0 },
    sleep: async (delayMs) => {
      slept.push(delayMs);
    },
  };
  return { clock, slept };
}

/** Each pause within its spread. */
function assertAbout(slept: readonly number[], lengthsMs: readonly number[], spread: number): void {
  assert.equal(slept.length, lengthsMs.length);
  for (const [index, lengthMs] of lengthsMs.entries()) {
    const part = (slept[index] ?? 0) / lengthMs;
    assert.ok(part >= 1 - spread && part <= 1 + spread, `${slept}`);
  }
}

test('each pause is twice as long as the one before, up to the longest, and the first again after a success', async () => {
  for (const { lengths, expected } of [
    { lengths: undefined, expected: [500, 1000, 2000, 4000, 5000, 5000] },
    {
      lengths: { firstMs: 3, longestMs: 10, spread: 0 },
      expected: [3, 6, 10, 10, 10, 10],
    },
  ]) {
    const { clock, slept } = makeImpatientClock();
    const pause = new GrowingPause(clock, lengths);
    for (const _ of expected) await pause.wait(neverAborts);
    assertAbout(slept, expected, lengths?.spread ?? 0.25);
    pause.reset();
    await pause.wait(neverAborts);
    assertAbout(slept.slice(-1), expected.slice(0, 1), lengths?.spread ?? 0.25);
  }
});

test('pauses are spread, and as far as they may be', async () => {
  const { clock, slept } = makeImpatientClock();
  const pause = new GrowingPause(clock, { firstMs: 1000, longestMs: 1000, spread: 0.5 });
  for (let turn = 0; turn < 300; turn += 1) await pause.wait(neverAborts);
  assert.ok(Math.min(...slept) >= 500 && Math.min(...slept) < 600, `${Math.min(...slept)}`);
  assert.ok(Math.max(...slept) <= 1500 && Math.max(...slept) > 1400, `${Math.max(...slept)}`);
});

test('a pause ends when its signal aborts, and does not reject', async () => {
  const clock = new FakeClock();
  const stopping = new AbortController();
  const waited = new GrowingPause(clock).wait(stopping.signal);
  assert.equal(clock.sleeping, 1);
  stopping.abort(new Error('ended'));
  await waited;
  assert.equal(clock.sleeping, 0);
});
