import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from '../../src/special-agents/recipe/thread/json-body.ts';

test('an answer of many tiny values is refused before it takes memory', () => {
  const text = `[${'[],'.repeat(2_500_000)}0]`;
  assert.throws(() => parseJson(text, 100), {
    message: 'the answer has more than 5000000 values',
  });
  assert.deepEqual(parseJson('[[],[],{"a":[1,2]}]', 100), [[], [], { a: [1, 2] }]);
});
