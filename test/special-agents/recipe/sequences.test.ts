/** Lists that JSONata makes on its way share a function, and the results are the same. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsonata from 'jsonata';
import { Expressions } from '../../../src/special-agents/recipe/thread/expressions.ts';
import {
  makeSequencesWith,
  sequencesOf,
} from '../../../src/special-agents/recipe/thread/sequences.ts';

const mostValues = 50;

const expressions = new Expressions({
  nowMs: 0,
  expressionMs: 10_000,
  longestText: 1000,
  mostValues,
  deepest: 100,
});

const volumes = Array.from({ length: 20 }, (_, index) => ({
  name: `vol${index}`,
  svm: { name: `svm${index % 3}` },
  tags: index % 2 === 0 ? ['a', 'b'] : 'c',
}));
const input = { volumes, ids: ['svm1:vol1', 'svm0:vol9', 'svm2:vol5'], one: [{ x: [1] }] };

for (const text of [
  '( $known := $merge([volumes].{ svm.name & ":" & name: true }); ids[$lookup($known, $)] )',
  'volumes[svm.name = "svm1"].name',
  'volumes.tags',
  'one.x',
  'one.x[]',
  'volumes{ svm.name: $count(name) }',
  '$map(volumes^(>name)[[0..2]], function($v) { $v.name })',
  '$distinct(volumes.svm.name)',
  '[1..5].{ "n": $ }',
  'volumes.nothing',
]) {
  test(`${text} gives what JSONata gives`, async () => {
    const own = await expressions.evaluate(text, input, input);
    const found: unknown = await jsonata(text).evaluate(input, input);
    assert.equal(JSON.stringify(own), JSON.stringify(found));
  });
}

test('a list that grows over the limit on its way is refused', async () => {
  await assert.rejects(
    expressions.evaluate('$count(volumes.($$.volumes.name))', input, input),
    (error: unknown) =>
      error instanceof Error && error.message === 'it makes a list that is too long',
  );
});

test('lists have one function in common, which keeps the limit', () => {
  const refuse = () => {
    throw new Error('too long');
  };
  const make = sequencesOf(2, refuse);
  const [one, other] = [make(), make('x')];
  assert.equal(one.push, other.push);
  assert.equal(other.push('y'), 2);
  assert.throws(() => other.push('z'), /^Error: too long$/);
  assert.throws(() => one.push('x', 'y', 'z'), /^Error: too long$/);
  assert.deepEqual([...one, ...other], ['x', 'y']);
});

test('a library that makes them elsewhere goes on as before', () => {
  const make = sequencesOf(2, () => assert.fail('not called'));
  for (const frame of [undefined, {}, { base: {} }, { base: { createSequence: 'other' } }]) {
    const before = JSON.stringify(frame);
    makeSequencesWith(make, frame);
    assert.equal(JSON.stringify(frame), before);
  }
});
