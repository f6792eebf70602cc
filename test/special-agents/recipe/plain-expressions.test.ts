/** Expressions that only pick and rename give what JSONata gives. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import jsonata from 'jsonata';
import { toNamed } from '../../../src/special-agents/recipe/thread/named.ts';
import { toPlainExpression } from '../../../src/special-agents/recipe/thread/plain-expressions.ts';

const plain = [
  'name',
  'space.available',
  '`a b`.c',
  '{ "name": name, "space": { "free": space.available, "used": space.used } }',
  '{ "msid": $exists(msid) ? msid : 0, "state": state }',
  '{ "on": state = "online", "off": state != "online", "same": name = state }',
  'name = null ? "nobody"',
  '"text"',
  '{ "constructor": constructor, "n": -1 }',
  '$merge([{ "id": msid }, { "id": name }])',
  '$merge([{ "id": msid }, $named(counters, ".", "_")])',
];

const notPlain = [
  'name[0]',
  'name[]',
  '$.name',
  '(name)',
  'name & state',
  '{ name: state }',
  '[name]',
  'name ? 1 : 2[0]',
  '$count(name)',
  'space.*',
];

async function evaluate(text: string, input: unknown): Promise<unknown> {
  const expression = jsonata(text);
  expression.registerFunction('named', toNamed, '<x-s?s?:o>');
  const found: unknown = await expression.evaluate(input);
  return found === undefined ? undefined : JSON.parse(JSON.stringify(found));
}

test('what only picks and renames is known, anything else is left to JSONata', () => {
  for (const text of plain) assert.ok(toPlainExpression(jsonata(text).ast()), text);
  for (const text of notPlain)
    assert.equal(toPlainExpression(jsonata(text).ast()), undefined, text);
});

const leaf = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('online', 'name'),
);
const keys = ['name', 'state', 'msid', 'space', 'available', 'used', 'a b', 'c', 'constructor'];
const counters = fc.array(
  fc.record(
    { name: fc.constantFrom('ops', 'read.ops', 'a.b.c', '__proto__'), value: fc.nat() },
    { requiredKeys: [], noNullPrototype: true },
  ),
  { maxLength: 4 },
);
const { record } = fc.letrec((tie) => ({
  record: fc
    .tuple(
      fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 6, noNullPrototype: true }),
      fc.option(counters, { nil: undefined }),
    )
    .map(([own, list]) => (list === undefined ? own : { ...own, counters: list })),
  value: fc.oneof(
    { weight: 6, arbitrary: leaf },
    { weight: 3, arbitrary: tie('record') },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
  ),
}));

test('the results are those of JSONata', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...plain), record, async (text, input) => {
      const found = toPlainExpression(jsonata(text).ast())?.(input);
      if (found === undefined || found === 'unknown to us') return;
      assert.deepEqual(found.value, await evaluate(text, input));
    }),
    { numRuns: 400 },
  );
});

test('a list on the way is left to JSONata', () => {
  const ask = toPlainExpression(jsonata('space.available').ast());
  assert.equal(ask?.({ space: [{ available: 1 }] }), 'unknown to us');
  assert.equal(ask?.({ space: { available: [1] } }), 'unknown to us');
  assert.deepEqual(ask?.({ space: { available: 1 } }), { value: 1 });
});
