import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { knownKeys } from '../../src/routes/schema.ts';

test('the page has every key of the routes file', () => {
  const page = readFileSync(new URL('../../src/routes/README.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const described = rows.flatMap((row) => (row.split('|')[1] ?? '').match(/\w+/g) ?? []);
  for (const key of [...knownKeys.route, ...knownKeys.collector]) {
    assert.ok(described.includes(key), `${key} is not described`);
  }
  for (const key of knownKeys.file) assert.ok(page.includes(key), `${key} is not mentioned`);
});
