import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OptionSpec, OptionTable } from '../../src/cli/options.ts';
import { commands } from '../../src/commands/catalog.ts';
import { catalog } from '../../src/transports/catalog.ts';

/** Every option table of the program, by the name of what it belongs to. */
async function findTables(): Promise<readonly (readonly [string, OptionTable])[]> {
  const modules = [...Object.entries(commands), ...Object.entries(catalog)];
  return Promise.all(
    modules.map(async ([name, { load }]) => [name, (await load()).options] as const),
  );
}

const takesPath = (spec: OptionSpec) =>
  spec.kind !== 'switch' && /^(ID:)?(FILE|DIR|PATH)$/.test(spec.placeholder);

test('every option that names a file or directory expands ~', async () => {
  process.env['HOME'] = '/omd/sites/mysite';
  const seen = new Set<string>();
  for (const [owner, table] of await findTables()) {
    for (const [name, spec] of Object.entries(table)) {
      if (!takesPath(spec) || spec.kind === 'switch') continue;
      const prefix = spec.placeholder.startsWith('ID:') ? 'id:' : '';
      assert.equal(
        spec.parse(`${prefix}~/etc/x`),
        `${prefix}/omd/sites/mysite/etc/x`,
        `${owner} ${name}`,
      );
      seen.add(name);
    }
  }
  for (const name of [
    'passwordFile',
    'passwordId',
    'sshKey',
    'knownHosts',
    'routes',
    'ready',
    'program',
  ])
    assert.ok(seen.has(name), name);
});
