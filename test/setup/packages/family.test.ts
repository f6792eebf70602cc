import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pluginPackage } from '../../../.tools/packages/contents.ts';
import { toFileName, writePackage } from '../../../.tools/packages/mkp.ts';
import { verifyPackage } from '../../../src/setup/packages/verify.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

function filesOf(family: string) {
  const content = pluginPackage(family);
  const given = { bytes: writePackage(content), fileName: toFileName(content), maxBytes: 1e7 };
  const { manifest, problems } = verifyPackage(given);
  assert.deepEqual(problems, []);
  return manifest?.files.get('cmk_addons_plugins') ?? [];
}

test('the package of the plug-ins holds all that a site looks into, and no fault', () => {
  const files = filesOf('agents/checkmk/cmk_courier');
  const groups = [
    'agent_based',
    'checkman',
    'graphing',
    'libexec',
    'rulesets',
    'server_side_calls',
  ];
  for (const group of groups) {
    assert.ok(
      files.some((path) => path.startsWith(`cmk_courier/${group}/`)),
      group,
    );
  }
  assert.ok(files.includes('cmk_courier/libexec/agent_cmk_courier'));
});

test('what Python and editors leave behind stays out', async (t) => {
  const family = await makeTempDir(t);
  const paths = [
    'rulesets/a.py',
    'a.py',
    '__pycache__/a.pyc',
    'rulesets/__pycache__/a.cpython-312.pyc',
    '.mypy_cache/x',
    'a.py~',
  ];
  for (const path of paths) {
    mkdirSync(dirname(join(family, path)), { recursive: true });
    writeFileSync(join(family, path), '');
  }
  assert.deepEqual(filesOf(family), ['cmk_courier/a.py', 'cmk_courier/rulesets/a.py']);
});
