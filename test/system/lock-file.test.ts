/** One at a time, within a process and between processes, whatever becomes of one of them. */

import assert from 'node:assert/strict';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { withLockFile } from '../../src/system/lock-file.ts';
import { processSpace } from '../../src/system/processes.ts';
import { start } from '../helpers/run-program.ts';
import { scriptArguments, sourceUrl, startScript } from '../helpers/run-script.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

test('several processes, each many times at once, never work at the same time', async (t) => {
  const directory = await makeTempDir(t);
  const count = join(directory, 'count');
  await writeFile(count, '0');
  const script = `
    import { readFile, writeFile } from 'node:fs/promises';
    import { withLockFile } from ${sourceUrl('system/lock-file.ts')};
    const count = ${JSON.stringify(count)};
    await Promise.all(Array.from({ length: 40 }, () => withLockFile(count + '.lock', async () => {
      const n = Number(await readFile(count, 'utf8'));
      await new Promise(setImmediate);
      await writeFile(count, String(n + 1));
    })));
  `;
  const all = await Promise.all([1, 2, 3].map(() => startScript(script).ended));
  assert.deepEqual(
    all.map(({ code, stderr }) => [code, stderr.toString()]),
    [1, 2, 3].map(() => [0, '']),
  );
  assert.equal(await readFile(count, 'utf8'), '120');
  assert.deepEqual(await readdir(directory), ['count']);
});

test('what was held by a process that was killed is free at once', async (t) => {
  const path = join(await makeTempDir(t), 'lock');
  const { ended } = startScript(`
    import { withLockFile } from ${sourceUrl('system/lock-file.ts')};
    await withLockFile(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'));
  `);
  await ended;
  assert.match(await readFile(path, 'utf8'), /^\d+ \d+ [0-9a-f]{18}\n$/);
  const startedAt = performance.now();
  await withLockFile(path, async () => undefined);
  assert.ok(performance.now() - startedAt < 5000);
});

test('a lock of another machine or container counts until it is old', async (t) => {
  const directory = await makeTempDir(t);
  const path = join(directory, 'lock');
  await writeFile(path, `1 ${process.pid} x\n`);
  const waiting = withLockFile(path, async () => 'done');
  const early = await Promise.race([
    waiting,
    new Promise((done) => setTimeout(done, 200, 'waits')),
  ]);
  assert.equal(early, 'waits');
  const old = new Date(Date.now() - 60_000);
  await utimes(path, old, old);
  assert.equal(await waiting, 'done');
  // Made before the clock was set back.
  await writeFile(path, `1 ${process.pid} x\n`);
  const ahead = new Date(Date.now() + 3_600_000);
  await utimes(path, ahead, ahead);
  assert.equal(await withLockFile(path, async () => 'done'), 'done');
  assert.deepEqual(await readdir(directory), []);
});

test('who is dead is told by this space of processes only, and a living one is waited for', async (t) => {
  const path = join(await makeTempDir(t), 'lock');
  await writeFile(path, `${await processSpace()} ${process.pid} x\n`);
  const waiting = withLockFile(path, async () => 'done');
  const early = await Promise.race([
    waiting,
    new Promise((done) => setTimeout(done, 200, 'waits')),
  ]);
  assert.equal(early, 'waits');
  await writeFile(path, `${await processSpace()} 99999999 x\n`);
  assert.equal(await waiting, 'done');
});

test('it is given back when the work fails, and a directory that is not there is said', async (t) => {
  const directory = await makeTempDir(t);
  const path = join(directory, 'lock');
  await assert.rejects(
    withLockFile(path, () => Promise.reject(new Error('no'))),
    /^Error: no$/,
  );
  assert.deepEqual(await readdir(directory), []);
  await assert.rejects(
    withLockFile(join(directory, 'none', 'lock'), async () => undefined),
    { code: 'LOCAL' },
  );
});

test('on a full disk no lock is left that keeps others out', async (t) => {
  const directory = await makeTempDir(t);
  const script = scriptArguments(`
    import { withLockFile } from ${sourceUrl('system/lock-file.ts')};
    const path = ${JSON.stringify(join(directory, 'lock'))};
    await withLockFile(path, async () => undefined).catch(({ code }) => process.stdout.write(code));
  `);
  // No file may have a byte; what is printed goes into a pipe.
  const limited = 'trap "" XFSZ; ulimit -f 0; exec "$@"';
  const { stdout } = await start('/bin/sh', ['-c', limited, 'sh', process.execPath, ...script])
    .ended;
  assert.equal(stdout.toString(), 'LOCAL');
  assert.deepEqual(await readdir(directory), []);
});
