import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterFault, cleanHistory, delayMs, isBackingOff } from '../../src/collector/backoff.ts';
import type { FaultCode } from '../../src/faults/errors.ts';

/** The history of a host after these faults in a row. */
function after(...codes: readonly FaultCode[]) {
  return codes.reduce(
    (history, code) => afterFault(history, { code, isSecondHand: false }),
    cleanHistory,
  );
}

function silent(times: number) {
  return after(...Array<FaultCode>(times).fill('TIMEOUT'));
}

test('a host that answers is asked at its interval or a little earlier, never later', () => {
  assert.equal(delayMs(60_000, cleanHistory, 0), 60_000);
  assert.equal(delayMs(60_000, cleanHistory, 0.5), 58_800);
  assert.equal(delayMs(60_000, cleanHistory, 1), 57_600);
});

test('a host counts as dead after three silences in a row', () => {
  assert.equal(isBackingOff(silent(2)), false);
  assert.equal(isBackingOff(silent(3)), true);
  assert.equal(isBackingOff(after('UNREACHABLE', 'TIMEOUT', 'UNREACHABLE')), true);
});

test('a host that answers with a fault is not dead, and is asked as usual', () => {
  const history = after('TIMEOUT', 'TIMEOUT', 'STALE', 'TIMEOUT', 'REFUSED', 'PEER', 'MALFORMED');
  assert.deepEqual(history, { failures: 7, silences: 0 });
  assert.equal(isBackingOff(history), false);
  assert.equal(delayMs(60_000, history, 0), 60_000);
});

test('a dead host is asked at intervals that double, up to five minutes', () => {
  const delays = [2, 3, 4, 5, 6, 1000].map((times) => delayMs(60_000, silent(times), 0));
  assert.deepEqual(delays, [60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
});

test('a host that is asked seldom anyway is asked no more seldom when it is dead', () => {
  assert.equal(delayMs(3_600_000, silent(9), 0), 3_600_000);
});
