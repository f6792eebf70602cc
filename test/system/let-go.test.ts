import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letGo } from '../../src/system/let-go.ts';

test('what was given back is empty for whoever looks at it again', () => {
  const bytes = Buffer.alloc(100_000, 'a');
  const part = bytes.subarray(10, 20);
  letGo(bytes);
  assert.deepEqual([bytes.length, part.length], [0, 0]);
});

test('of a part of something larger, and of memory that is shared out, nothing is given back', () => {
  const whole = Buffer.alloc(100_000, 'a');
  const small = Buffer.from('abc');
  letGo(whole.subarray(0, 99_999));
  letGo(small);
  assert.deepEqual([whole.length, small.toString()], [100_000, 'abc']);
});
