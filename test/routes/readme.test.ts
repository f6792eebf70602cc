import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadRoutes } from '../../src/routes/load.ts';
import { knownKeys } from '../../src/routes/schema.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

test('the page has every key of the routes file', () => {
  const page = readFileSync(new URL('../../src/routes/README.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const described = rows.flatMap((row) => (row.split('|')[1] ?? '').match(/\w+/g) ?? []);
  for (const key of [...knownKeys.route, ...knownKeys.collector]) {
    assert.ok(described.includes(key), `${key} is not described`);
  }
  for (const key of knownKeys.file) assert.ok(page.includes(key), `${key} is not mentioned`);
});

test('every example of a routes file in a page is one', async (t) => {
  const root = join(import.meta.dirname, '../..');
  const pages = globSync('{*.md,docs/**/*.md,src/**/README.md,agents/**/README.md}', { cwd: root });
  const file = join(await makeTempDir(t), 'routes.yaml');
  const examples = pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8');
    return [...text.matchAll(/^( *)```yaml\n(\s*routes:\n[\s\S]*?)^ *```/gm)].map(
      ([, indent = '', yaml = '']) => [page, yaml.replaceAll(new RegExp(`^${indent}`, 'gm'), '')],
    );
  });
  assert.ok(examples.some(([page]) => page?.endsWith('vsphere.md')));
  for (const [page, yaml = ''] of examples) {
    writeFileSync(file, yaml, { mode: 0o600 });
    await assert.doesNotReject(loadRoutes(file), `${page}: ${yaml}`);
  }
});
