import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTable } from '../../.tools/result-tables.ts';

test('a table has aligned columns, one row a case, and counts what became of them', () => {
  const rows = [
    { case: 'a', cause: 'blocked', result: 'not named' },
    { case: 'a longer one', cause: 'ok', result: 'right' },
    { case: 'a', cause: 'no-route', result: 'right' },
    { case: 'c', cause: '', result: 'not named' },
  ];
  assert.equal(
    formatTable('doctor', rows),
    `
doctor
case          cause     result
a             no-route  right
a longer one  ok        right
c                       not named
3 cases, 1 not named (33.3 %), 2 right (66.7 %)
`,
  );
});
