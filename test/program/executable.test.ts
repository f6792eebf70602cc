import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundle, courier, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);
const versionLine = `cmk-courier ${version} (Node ${process.versions.node})\n`;
const output = '<<<check_mk>>>\nVersion: 1\n';

function writeDrop(folder: string): string {
  const path = join(folder, 'web01');
  writeFileSync(path, output);
  return path;
}

async function assertFetches(program: string, options: object, drop: string): Promise<void> {
  const ended = await start(program, ['fetch', '--host=web01', drop], options).ended;
  assert.deepEqual(
    { stdout: ended.stdout.toString(), stderr: ended.stderr, code: ended.code },
    { stdout: output, stderr: '', code: 0 },
  );
}

test('--version prints the version of package.json and the Node it was built with', async () => {
  const ended = await start(courier, ['--version']).ended;
  assert.equal(ended.stdout.toString(), versionLine);
  assert.equal(ended.stderr, '');
  assert.equal(ended.code, 0);
});

test('it runs with an empty environment, without any Node in PATH', async (t) => {
  const drop = writeDrop(await makeTempDir(t));
  await assertFetches(courier, { env: {} }, drop);
});

test('NODE_OPTIONS of the environment are without effect', async (t) => {
  const drop = writeDrop(await makeTempDir(t));
  await assertFetches(courier, { env: { NODE_OPTIONS: '--no-such-option' } }, drop);
});

test('it runs from a path with blanks, through a symlink and read-only', async (t) => {
  const folder = join(await makeTempDir(t), 'a path with blanks');
  mkdirSync(folder);
  const copy = join(folder, 'cmk courier');
  copyFileSync(courier, copy);
  chmodSync(copy, 0o555);
  const link = join(folder, 'link');
  symlinkSync(copy, link);
  const drop = writeDrop(folder);
  await assertFetches(copy, {}, drop);
  await assertFetches(link, {}, drop);
});

test('it runs in a directory it may not read and that is not there any more', async (t) => {
  const drop = writeDrop(await makeTempDir(t));
  const script = `cd "$1" && rmdir "$1" && exec "$2" fetch --host=web01 "$3"`;
  const gone = join(await makeTempDir(t), 'gone');
  mkdirSync(gone);
  const ended = await start('/bin/sh', ['-c', script, 'sh', gone, courier, drop]).ended;
  assert.equal(ended.stderr, '');
  assert.equal(ended.stdout.toString(), output);
});

const isRoot = process.getuid?.() === 0;

test('it runs as an unprivileged user', {
  skip: !isRoot && 'needs root to become another user',
}, async (t) => {
  const folder = await makeTempDir(t);
  chmodSync(folder, 0o755);
  const copy = join(folder, 'cmk-courier');
  copyFileSync(courier, copy);
  chmodSync(copy, 0o755);
  const drop = writeDrop(folder);
  chmodSync(drop, 0o644);
  await assertFetches(copy, { uid: 65534, gid: 65534, env: {}, cwd: '/' }, drop);
});

test('the bundle is the same program for people who have a Node', async (t) => {
  const drop = writeDrop(await makeTempDir(t));
  const ended = await start(process.execPath, [bundle, '--version']).ended;
  assert.equal(ended.stdout.toString(), versionLine);
  const fetched = await start(process.execPath, [bundle, 'fetch', '--host=web01', drop]).ended;
  assert.equal(fetched.stdout.toString(), output);
});
