/** pytest, ruff and mypy over the plug-in family and its stand-ins. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  findPython,
  placeFamily,
  pythonFor,
  realApi,
  runPython,
  withoutPython,
  withoutRealApi,
} from '../../helpers/family-python.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const tests = 'test/setup/forms/python';
const python = findPython() ?? '';
const ruff = join('node_modules/.cache/ruff/bin/ruff');

function lacks(module: string, program = python): string | false {
  if (withoutPython) return withoutPython;
  return spawnSync(program, ['-c', `import ${module}`]).status === 0
    ? false
    : `${module} is missing`;
}

const withoutRuff = existsSync(ruff) ? false : 'ruff is missing';

function runPytest(path: string, program: string, ...args: readonly string[]): void {
  const { code, output, errors } = runPython(program, path, [
    ...['-m', 'pytest', '-q', '-p', 'no:cacheprovider', ...args],
  ]);
  assert.equal(code, 0, output + errors);
}

test('pytest: every branch of the check, and what the call and the stand-ins do', {
  skip: lacks('pytest'),
}, async (t) => {
  runPytest(await placeFamily(t), python, tests);
});

test("pytest with Checkmk's own modules", {
  skip: withoutRealApi || lacks('pytest', pythonFor(realApi)),
}, async (t) => {
  const path = await placeFamily(t, realApi);
  runPytest(
    path,
    pythonFor(realApi),
    `${tests}/test_check.py`,
    `${tests}/test_agent_check.py`,
    `${tests}/test_call.py`,
    `${tests}/test_agent_call.py`,
    `${tests}/test_stand_ins.py`,
  );
});

test('mypy --strict finds nothing in the family', { skip: lacks('mypy') }, async (t) => {
  const [folder = '', api = ''] = (await placeFamily(t)).split(':');
  const { status, stdout } = spawnSync(
    python,
    [
      ...['-m', 'mypy', '--strict', '--python-version=3.11', '--explicit-package-bases'],
      ...['--namespace-packages', '--package=cmk_addons.plugins.cmk_courier'],
      `--cache-dir=${await makeTempDir(t)}`,
    ],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], MYPYPATH: `${folder}:${api}` },
    },
  );
  assert.equal(status, 0, stdout);
});

test('ruff finds nothing, and the Python is formatted', { skip: withoutRuff }, () => {
  const folders = ['agents/checkmk', 'test/setup/forms'];
  for (const verb of [
    ['check', '--no-cache'],
    ['format', '--no-cache', '--diff'],
  ]) {
    const args = [...verb, ...folders];
    const { status, stdout, stderr } = spawnSync(ruff, args, { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  }
});
