import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onAbort } from '../../src/system/on-abort.ts';

test('all who listen are told once, in order, and nobody who has left', () => {
  const controller = new AbortController();
  const told: string[] = [];
  onAbort(controller.signal, () => told.push('first'));
  const leave = onAbort(controller.signal, () => told.push('gone'));
  onAbort(controller.signal, () => told.push('last'));
  leave();
  leave();
  controller.abort();
  assert.deepEqual(told, ['first', 'last']);
});

test('whoever listens to what has aborted already is told nothing', () => {
  let told = 0;
  onAbort(AbortSignal.abort(), () => {
    told += 1;
  })();
  assert.equal(told, 0);
});
