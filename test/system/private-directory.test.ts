import assert from 'node:assert/strict';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { privateParent, withPrivateDirectory } from '../../src/system/private-directory.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { start } from '../helpers/run-program.ts';
import { scriptArguments, sourceUrl } from '../helpers/run-script.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

test('it is empty, nobody else can enter it, and it is gone afterwards', async (t) => {
  const parent = await makeTempDir(t);
  const result = await withPrivateDirectory({ TMPDIR: parent }, async (directory) => {
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(directory), []);
    await mkdir(join(directory, 'a/b'), { recursive: true });
    await writeFile(join(directory, 'a/b/file'), 'x');
    return 'result';
  });
  assert.equal(result, 'result');
  assert.deepEqual(await readdir(parent), []);
});

test('it is gone after a fault', async (t) => {
  const parent = await makeTempDir(t);
  const failing = withPrivateDirectory({ TMPDIR: parent }, async () => {
    throw new Error('a fault');
  });
  await assert.rejects(failing, /a fault/);
  assert.deepEqual(await readdir(parent), []);
});

test('several at a time do not disturb each other', async (t) => {
  const parent = await makeTempDir(t);
  const use = async (directory: string) => {
    await writeFile(join(directory, 'file'), directory);
    return readdir(parent);
  };
  const all = Array.from({ length: 8 }, () => withPrivateDirectory({ TMPDIR: parent }, use));
  await Promise.all(all);
  assert.deepEqual(await readdir(parent), []);
});

test('the next one sweeps up after a process that was killed, and only after such', async (t) => {
  const parent = await makeTempDir(t);
  const lines = `
    const { withPrivateDirectory } = await import(${sourceUrl('system/private-directory.ts')});
    await withPrivateDirectory({ TMPDIR: ${JSON.stringify(parent)} }, async () => {
      process.kill(process.pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 10_000));
    });`;
  const { signal } = await start(process.execPath, scriptArguments(lines)).ended;
  assert.equal(signal, 'SIGKILL');
  assert.equal((await readdir(parent)).length, 1);
  await mkdir(join(parent, 'cmk-courier-other'));
  await withPrivateDirectory({ TMPDIR: parent }, async (outer) => {
    await withPrivateDirectory({ TMPDIR: parent }, async () => undefined);
    assert.equal((await stat(outer)).isDirectory(), true);
  });
  assert.deepEqual(await readdir(parent), ['cmk-courier-other']);
});

test('it is below the site, else where temporary files are', () => {
  assert.equal(privateParent({ OMD_ROOT: '/omd/sites/x', TMPDIR: '/t' }), '/omd/sites/x/tmp');
  assert.equal(privateParent({ TMPDIR: '/t' }), '/t');
  assert.equal(privateParent({}), '/tmp');
});

test('no place for it is LOCAL', async () => {
  const made = withPrivateDirectory({ TMPDIR: '/nowhere' }, async () => undefined);
  const fault = await expectFault(made, 'LOCAL');
  assert.equal(fault.message, 'making a directory in /nowhere: no such file or directory');
});
