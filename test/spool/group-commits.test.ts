import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { GroupCommits } from '../../src/spool/group-commits.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

async function open(t: TestContext) {
  const path = await makeTempDir(t);
  const directory = openSync(path, 'r');
  const fsyncsMs: number[] = [];
  const commits = new GroupCommits((durationMs) => fsyncsMs.push(durationMs));
  t.after(async () => {
    await commits.close();
    closeSync(directory);
  });
  const write = (name: string, text: string, superseded: readonly string[] = []) => {
    const paths = { temporary: join(path, `.${name}`), path: join(path, name) };
    const older = superseded.map((other) => join(path, other));
    return commits.write({ directory, ...paths, superseded: older }, [Buffer.from(text)]);
  };
  return { path, directory, commits, write, fsyncsMs };
}

test('files that come at once are all there, and share the fsyncs of their directory', async (t) => {
  const { path, write, fsyncsMs } = await open(t);
  const names = Array.from({ length: 100 }, (_, n) => `file${n}`);
  await Promise.all(names.map((name) => write(name, `of ${name}`)));
  assert.deepEqual((await readdir(path)).sort(), names.toSorted());
  for (const name of names) {
    assert.equal(await readFile(join(path, name), 'utf8'), `of ${name}`);
  }
  // One for each file, and one for each of the few groups they came in.
  assert.ok(fsyncsMs.length > 100 && fsyncsMs.length < 150, `${fsyncsMs.length}`);
});

test('one that fails takes no other of its group along, and leaves nothing', async (t) => {
  const { path, write } = await open(t);
  await mkdir(join(path, 'taken'));
  const [missing, taken, good] = await Promise.allSettled([
    write('none/file', 'x'),
    write('taken', 'x'),
    write('good', 'x'),
  ]);
  assert.equal(good.status, 'fulfilled');
  assert.ok(missing.status === 'rejected' && taken.status === 'rejected');
  assert.deepEqual([missing.reason.code, missing.reason.syscall], ['ENOENT', 'open']);
  assert.deepEqual([taken.reason.code, taken.reason.syscall], ['EISDIR', 'rename']);
  assert.deepEqual((await readdir(path)).sort(), ['good', 'taken']);
});

test('what a file takes the place of goes; what stays is told, and the file is there', async (t) => {
  const { path, write } = await open(t);
  await write('one', '1');
  assert.equal(await write('two', '2', ['one', 'gone']), undefined);
  await mkdir(join(path, 'stays'));
  const leftover = await write('three', '3', ['stays', 'two']);
  assert.match(leftover?.message ?? '', /^EISDIR|^EPERM/);
  assert.deepEqual((await readdir(path)).sort(), ['stays', 'three']);
});

test('when the thread ends, what is under way fails, and what comes next gets another', async (t) => {
  const { path, commits, write } = await open(t);
  const arrival = { temporary: join(path, 'lost.tmp'), path: join(path, 'file'), superseded: [] };
  // No descriptor at all, so that the call throws where nobody expects it to.
  await assert.rejects(commits.write({ ...arrival, directory: -1 }, []), {
    code: 'LOCAL',
    message: /^the thread that writes: /,
  });
  await write('file', 'x');
  assert.deepEqual(await readdir(path), ['file']);
});
