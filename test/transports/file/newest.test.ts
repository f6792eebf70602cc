import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { fetchFile, fetchText, makeDrops, output } from './drops.ts';

/** Drops a file that says its own name, with an mtime in seconds since the epoch. */
async function drop(directory: string, name: string, mtime: number): Promise<void> {
  await writeFile(join(directory, name), name);
  await utimes(join(directory, name), mtime, mtime);
}

test('the file with the latest mtime is the newest, whatever its name', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'a', 1000);
  await drop(drops, 'b', 3000.5);
  await drop(drops, 'c', 3000.25);
  const delivery = await fetchFile(`${drops}/`);
  assert.equal(delivery.output.toString(), 'b');
  assert.equal(delivery.origin, `${drops}/b`);
  assert.deepEqual(delivery.producedAt, new Date(3_000_500));
});

test('of files with the same mtime the last by name is the newest', async (t) => {
  const drops = await makeDrops(t);
  for (const name of ['2026-01-01', '2026-01-03', '2026-01-02']) await drop(drops, name, 1000);
  assert.equal(await fetchText(drops), '2026-01-03');
});

test('a directory is found without a slash at the end of the source', async (t) => {
  const drops = await makeDrops(t);
  await mkdir(join(drops, 'web01'));
  await drop(join(drops, 'web01'), 'a', 1000);
  const delivery = await fetchFile(`${drops}/{host}`);
  assert.equal(delivery.output.toString(), 'a');
  assert.equal(delivery.origin, `${drops}/web01/a`);
});

test('what is still being written, and what is no file, is not the newest', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'complete', 1000);
  const others = ['.hidden', 'a.tmp', 'a.part', 'a.filepart', 'a.TMP', 'a~', 'other.sha256'];
  for (const name of others) await drop(drops, name, 2000);
  await mkdir(join(drops, 'zz-directory'));
  await symlink('zz-directory', join(drops, 'zz-link'));
  await symlink('nowhere', join(drops, 'zz-dangling'));
  assert.equal(await fetchText(`${drops}/`), 'complete');
});

test('a directory without a complete file is NO_OUTPUT', async (t) => {
  const drops = await makeDrops(t);
  await expectFault(fetchFile(`${drops}/`), 'NO_OUTPUT', /^there is no complete file in .*\/$/);
  await drop(drops, 'a.tmp', 1000);
  await expectFault(
    fetchFile(drops),
    'NO_OUTPUT',
    /^there is no complete file in .*\/: "a\.tmp" is a partial file$/,
  );
  for (const name of ['b.tmp', 'a.md5', 'c.part']) await drop(drops, name, 1000);
  const { message } = await expectFault(fetchFile(drops), 'NO_OUTPUT');
  assert.ok(message.endsWith(': 3 like "a.tmp": partial file; "a.md5" is a side file'), message);
});

test('the missing directory of a host is NO_OUTPUT, a missing drop directory is LOCAL', async (t) => {
  const drops = await makeDrops(t);
  await expectFault(fetchFile(`${drops}/{host}/`), 'NO_OUTPUT', /^there is no .*\/web01\/$/);
  await expectFault(
    fetchFile(`${drops}/gone/{host}/`),
    'LOCAL',
    /^looking into .*\/gone\/: no such file or directory$/,
  );
  await expectFault(fetchFile(`${drops}/gone/`), 'LOCAL', /no such file or directory$/);
});

test('a slash at the end demands a directory', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'web01', 1000);
  await expectFault(fetchFile(`${drops}/{host}/`), 'LOCAL', /web01\/: not a directory$/);
});

test('a file whose name is not UTF-8 is found', async (t) => {
  const drops = await makeDrops(t);
  await writeFile(Buffer.concat([Buffer.from(`${drops}/M`), Buffer.from([0xfc])]), output);
  assert.equal(await fetchText(`${drops}/`), output.toString());
});

test('a file with blanks and line breaks in its name is found', async (t) => {
  const drops = await makeDrops(t);
  await writeFile(join(drops, ' a\nb '), output);
  assert.equal(await fetchText(`${drops}/`), output.toString());
});

test('of ten thousand files the newest is found', { timeout: 60_000 }, async (t) => {
  const drops = await makeDrops(t);
  for (let index = 0; index < 10_000; index += 1) writeFileSync(join(drops, `d${index}`), 'old');
  await drop(drops, 'a', Date.now() / 1000 + 60);
  assert.equal(await fetchText(`${drops}/`), 'a');
});

test('while drops come and go, a newest one is found each time', { timeout: 60_000 }, async (t) => {
  const drops = await makeDrops(t);
  // In the clock's time all files are old, so none has to come to rest first.
  const context = makeOpenContext({
    clock: { ...systemClock, now: () => Date.now() + 60_000, sleep: async () => undefined },
  });
  let rotating = true;
  const rotate = async () => {
    for (let index = 1; rotating; index += 1) {
      await writeFile(join(drops, '.next'), output);
      await rename(join(drops, '.next'), join(drops, `d${index}`));
      // The newest of a listing goes after two more have come: soon enough to vanish now and then.
      await rm(join(drops, `d${index - 3}`), { force: true });
    }
  };
  await writeFile(join(drops, 'd0'), output);
  const rotated = rotate();
  try {
    for (let round = 0; round < 50; round += 1) {
      assert.equal(await fetchText(`${drops}/`, { context }), output.toString());
    }
  } finally {
    rotating = false;
    await rotated;
  }
});

test('a drop whose mtime lies in the future is delivered with that time', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'a', 4_000_000_000);
  const context = makeOpenContext({ clock: new FakeClock() });
  const { producedAt } = await fetchFile(`${drops}/`, { context });
  assert.deepEqual(producedAt, new Date(4_000_000_000_000));
});

test('links that lead to themselves or through a file are nothing to the files beside them', async (t) => {
  const drops = await makeDrops(t);
  await symlink('circle', join(drops, 'circle'));
  await symlink('there', join(drops, 'back'));
  await symlink('back', join(drops, 'there'));
  await expectFault(fetchFile(`${drops}/`), 'NO_OUTPUT', /^there is no complete file in /);
  await drop(drops, 'a', 1000);
  await symlink('a/within', join(drops, 'through'));
  assert.equal(await fetchText(`${drops}/`), 'a');
});
