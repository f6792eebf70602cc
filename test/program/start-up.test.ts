/** What a start loads: each millisecond of it is spent for every host and minute. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bundle, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** Writes what of Node is loaded at the end. */
const recorder = `
const { writeFileSync } = require('node:fs');
const file = process.env.LOADED;
// A shell in our place would tell nothing.
process.execve = undefined;
process.on('exit', () => writeFileSync(file, process.moduleLoadList.join('\\n')));
`;

/** The public modules of Node that a run of the bundle loads and a bare start does not. */
async function loadedBy(t: TestContext, args: readonly string[]): Promise<readonly string[]> {
  const folder = await makeTempDir(t);
  const [drop, hook, report] = ['web01', 'hook.cjs', 'report'].map((name) => join(folder, name));
  assert.ok(drop && hook && report);
  await writeFile(hook, recorder);
  await writeFile(drop, '<<<check_mk>>>\nVersion: 1\n');
  const list = async (command: readonly string[]) => {
    const env = { ...process.env, LOADED: report };
    await start(process.execPath, ['--require', hook, ...command], { env }).ended;
    return (await readFile(report, 'utf8')).split('\n');
  };
  const bare = new Set(await list(['--eval', '0']));
  const given = args.map((arg) => arg.replace('FOLDER', folder));
  return (await list([bundle, ...given]))
    .filter((name) => !bare.has(name) && /^NativeModule (?!internal)/.test(name))
    .map((name) => name.replace('NativeModule ', ''))
    .sort();
}

test('a fetch of a file loads nothing of Node that it does not use', async (t) => {
  const args = ['fetch', '--host=web01', 'file:FOLDER/{host}'];
  assert.deepEqual(await loadedBy(t, args), ['os', 'process']);
});

test('a fetch from a web server loads neither http nor TLS nor a hash', async (t) => {
  const args = ['fetch', '--host=web01', 'http://127.0.0.1:9/'];
  assert.deepEqual(await loadedBy(t, args), [
    'net',
    'os',
    'process',
    'stream',
    'stream/promises',
    'string_decoder',
  ]);
});
