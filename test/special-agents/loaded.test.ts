import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';

/** What has been loaded since, of libraries. */
const libraries = new Set<string>();

registerHooks({
  load(url, context, next) {
    const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
    if (name !== undefined) libraries.add(name);
    return next(url, context);
  },
});

test('a run loads no library that only recipes which are still to be checked need', async () => {
  await import('../../src/special-agents/catalog.ts');
  await import('../../src/special-agents/run-agent.ts');
  await import('../../src/special-agents/vsphere/vsphere.ts');
  await import('../../src/special-agents/recipe/recipe-agent.ts');
  await import('../../src/special-agents/dialogue/dialogue.ts');
  assert.deepEqual([...libraries].sort(), ['saxes', 'xmlchars']);
});
