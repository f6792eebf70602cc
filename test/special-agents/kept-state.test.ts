import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeptState } from '../../src/special-agents/kept-state.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

test('what is kept comes back, and is forgotten', async (t) => {
  const directory = await makeTempDir(t);
  const log = makeCollectingLog();
  const env = { SERVER_SIDE_PROGRAM_STORAGE_PATH: join(directory, 'kept') };
  const state = await KeptState.open('example', { env, log });
  assert.equal(await state.read('key'), undefined);
  await state.write('../key\0', { a: [1, 'ü'] });
  assert.deepEqual(await state.read('../key\0'), { a: [1, 'ü'] });
  const own = join(directory, 'kept/example');
  assert.equal((await stat(own)).mode & 0o777, 0o700);
  assert.equal((await readdir(own)).length, 1);
  await state.forget('../key\0');
  await state.forget('../key\0');
  assert.equal(await state.read('../key\0'), undefined);
});

test('of a site it is in its memory', async (t) => {
  const directory = await makeTempDir(t);
  const state = await KeptState.open('example', {
    env: { OMD_ROOT: directory },
    log: makeCollectingLog(),
  });
  await state.write('key', 1);
  assert.equal((await readdir(join(directory, 'tmp/cmk-courier/agents/example'))).length, 1);
});

for (const [what, spoil] of [
  ['one that others may enter', (path: string) => chmod(path, 0o755)],
  ['one that others may write to', (path: string) => chmod(path, 0o777)],
] as const) {
  test(`a directory of others is not used: ${what}`, async (t) => {
    const directory = await makeTempDir(t);
    const log = makeCollectingLog();
    await mkdir(join(directory, 'example'));
    await spoil(join(directory, 'example'));
    const env = { SERVER_SIDE_PROGRAM_STORAGE_PATH: directory };
    const state = await KeptState.open('example', { env, log });
    await state.write('key', 1);
    assert.equal(await state.read('key'), undefined);
    assert.deepEqual(await readdir(join(directory, 'example')), []);
    assert.match(log.lines.join(), /nothing is kept between two runs/);
  });
}

test('a link in the place of the directory is not followed', async (t) => {
  const directory = await makeTempDir(t);
  await mkdir(join(directory, 'elsewhere'), { mode: 0o700 });
  await symlink(join(directory, 'elsewhere'), join(directory, 'example'));
  const env = { SERVER_SIDE_PROGRAM_STORAGE_PATH: directory };
  const state = await KeptState.open('example', { env, log: makeCollectingLog() });
  await state.write('key', 1);
  assert.deepEqual(await readdir(join(directory, 'elsewhere')), []);
});
