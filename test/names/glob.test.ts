import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globMatcher } from '../../src/names/glob.ts';
import { patternsMatcher } from '../../src/receiver/patterns.ts';

test('a star stands for any text, a question mark for one character', () => {
  const fits = (glob: string, text: string) => globMatcher(glob)(text);
  for (const text of ['web', 'web1', 'web-db']) assert.equal(fits('web*', text), true, text);
  for (const text of ['', 'we', 'xweb']) assert.equal(fits('web*', text), false, text);
  assert.equal(fits('w?b', 'web'), true);
  assert.equal(fits('w?b', 'wb'), false);
  assert.equal(fits('*b', 'abab'), true);
  assert.equal(fits('', ''), true);
  assert.equal(fits('*', ''), true);
});

test('of many patterns each is read once, for any number of names', (t) => {
  const split = t.mock.method(String.prototype, 'split');
  const patterns = Array.from({ length: 50 }, (_, n) => `vm${n}-*.example`);
  const isAllowed = patternsMatcher([...patterns, 'web01']);
  const before = split.mock.callCount();
  // What does not begin as a pattern is not taken apart for it.
  for (let n = 0; n < 1000; n += 1) assert.equal(isAllowed(`vm49-${n}.example`), true);
  assert.equal(split.mock.callCount() - before, 1000);
  assert.equal(isAllowed('web01'), true);
  assert.equal(isAllowed('web010'), false);
  assert.equal(isAllowed('vm50-1.example'), false);
});
