import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { makeFileName, nextVersion, shardOf } from '../../src/spool/names.ts';
import { readPrevious, readSpooled } from '../../src/spool/spool.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { filesOf, makeNewOutput, namesIn, openSpool } from './spools.ts';

const web1 = parseHostName('web1');
const silent = makeCollectingLog();

const textOf = async (directory: string) =>
  (await readSpooled(directory, web1, { log: silent, clock: systemClock }))?.output.toString();

/** A spool with two outputs of a host, and the path and bytes of the newer. */
async function openWithTwo(t: TestContext) {
  const opened = await openSpool(t);
  await opened.spool.put(makeNewOutput('web1', 'the good one before\n', 1));
  await opened.spool.put(makeNewOutput('web1', '<<<check_mk>>>\nVersion: 2.4.0\n', 2));
  const [path = ''] = await filesOf(opened.directory, 'web1');
  return { ...opened, path, bytes: await readFile(path) };
}

test('a file cut at any byte is never served: the one before it is', async (t) => {
  const { directory, path, bytes } = await openWithTwo(t);
  for (let length = 0; length < bytes.length; length += 1) {
    await writeFile(path, bytes.subarray(0, length));
    assert.equal(await textOf(directory), 'the good one before\n', `cut at ${length}`);
  }
  t.diagnostic(`${bytes.length} cuts`);
});

test('a file with any bit turned is never served: the one before it is', async (t) => {
  const { directory, path, bytes } = await openWithTwo(t);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const turned = Buffer.from(bytes);
    turned.writeUInt8(turned.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    await writeFile(path, turned);
    assert.equal(await textOf(directory), 'the good one before\n', `bit ${bit}`);
  }
  t.diagnostic(`${bytes.length * 8} bits`);
});

test('a file with bytes too many, or nothing but zeros, is never served', async (t) => {
  const { directory, path, bytes } = await openWithTwo(t);
  const wrong = [Buffer.concat([bytes, Buffer.from('\n')]), Buffer.concat([bytes, bytes])];
  for (const content of [...wrong, Buffer.alloc(bytes.length)]) {
    await writeFile(path, content);
    assert.equal(await textOf(directory), 'the good one before\n');
  }
});

test('what is passed over is logged, and the last good one before is not served twice', async (t) => {
  const { directory, path, bytes } = await openWithTwo(t);
  await writeFile(path, bytes.subarray(0, 100));
  const log = makeCollectingLog();
  assert.equal(await readPrevious(directory, web1, { log, clock: systemClock }), undefined);
  assert.deepEqual(log.lines, [`warn ${path} is torn or foreign: passed over { host: 'web1' }`]);
});

test('a torn file is set aside when the spool is opened, and the spool goes on', async (t) => {
  const { directory, path, bytes, spool } = await openWithTwo(t);
  await spool.close();
  await writeFile(path, bytes.subarray(0, 100));
  const again = await openSpool(t, { directory });
  const [aside = ''] = await readdir(join(directory, 'broken'));
  assert.deepEqual(await readFile(join(directory, 'broken', aside)), bytes.subarray(0, 100));
  assert.deepEqual(again.log.lines, [
    `warn ${path} is torn or foreign; it is now ${join(directory, 'broken', aside)} {}`,
  ]);
  assert.equal(again.spool.summaries()[0]?.receivedAt.toISOString(), '2026-01-01T12:00:01.000Z');
  await again.spool.put(makeNewOutput('web1', 'a new one\n', 3));
  assert.equal(await textOf(directory), 'a new one\n');
});

test('output of another host under the name of this one is never served', async (t) => {
  const { spool, directory, path } = await openWithTwo(t);
  await spool.put(makeNewOutput('WEB1', 'of another host\n', 9));
  const [foreign = ''] = await filesOf(directory, 'WEB1');
  await copyFile(foreign, join(dirname(path), makeFileName(web1, nextVersion(new Date(), 0))));
  assert.equal(await textOf(directory), '<<<check_mk>>>\nVersion: 2.4.0\n');
  const again = await openSpool(t, { directory });
  assert.equal(again.log.lines.length, 1);
  assert.equal(again.spool.statistics.hosts, 2);
});

/** Puts things that are no files under names of a host's newest output. */
async function litter(directory: string): Promise<number> {
  const shard = join(directory, shardOf(web1));
  const nextPath = () => join(shard, makeFileName(web1, nextVersion(new Date(), 0)));
  await mkdir(nextPath());
  await symlink('/etc/passwd', nextPath());
  await symlink('/nowhere', nextPath());
  execFileSync('mkfifo', [nextPath()]);
  await writeFile(join(shard, 'README'), 'not ours');
  await writeFile(join(shard, `${'x'.repeat(240)}~not-ours`), 'not ours');
  return 6;
}

test('directories, links and FIFOs in the place of files neither hang nor end anything', async (t) => {
  const { directory } = await openWithTwo(t);
  const count = await litter(directory);
  assert.equal(await textOf(directory), '<<<check_mk>>>\nVersion: 2.4.0\n');
  const again = await openSpool(t, { directory });
  assert.equal(again.log.lines.length, count);
  assert.equal((await namesIn(directory)).length, 2);
  assert.equal((await readdir(join(directory, 'broken'))).length, count);
});

test('of what is set aside the last 32 stay', async (t) => {
  const { directory } = await openSpool(t);
  for (let index = 0; index < 40; index += 1) {
    await writeFile(join(directory, 'a', `foreign-${index}`), '');
  }
  await openSpool(t, { directory });
  assert.equal((await readdir(join(directory, 'broken'))).length, 32);
});

test('what may not be read or removed is told, in a few lines, and refuses nothing', async (t) => {
  const isRoot = process.getuid?.() === 0;
  let stuck = '';
  // Before the directory is removed.
  t.after(async () => {
    if (isRoot) process.seteuid?.(0);
    await chmod(stuck, 0o700);
  });
  const directory = await makeTempDir(t);
  const nobody = 65_534;
  if (isRoot) {
    await chown(directory, nobody, nobody);
    process.seteuid?.(nobody);
  }
  const { spool } = await openSpool(t, { directory });
  await spool.put(makeNewOutput('web1', 'a\n'));
  await spool.put(makeNewOutput('web2', 'b\n'));
  await spool.close();
  const [path = ''] = await filesOf(directory, 'web1');
  await chmod(path, 0);
  const temporary = join(dirname(path), '.0123456789.tmp');
  stuck = join(directory, 'broken', '0');
  for (const place of [temporary, stuck]) await mkdir(join(place, 'in-it'), { recursive: true });
  await chmod(stuck, 0o500);
  for (let index = 0; index < 40; index += 1) {
    await writeFile(join(directory, 'a', `foreign-${index}`), '');
  }
  const again = await openSpool(t, { directory });
  assert.deepEqual(
    again.spool.summaries().map(({ host }) => host),
    ['web2'],
  );
  const told = again.log.lines.join('\n');
  assert.match(told, /web1~\w+ may not be read by this user; it is now /);
  assert.match(told, /\.0123456789\.tmp is torn or foreign; it is now /);
  assert.match(told, /a: the same with 3\d more files/);
  assert.match(told, /1 thing in \S+broken cannot be removed: EACCES/);
  assert.ok(again.log.lines.length <= 13, told);
  await again.spool.put(makeNewOutput('web1', 'c\n', 9));
});

test('temporary files somebody left are removed when the spool is opened, and never served', async (t) => {
  const { directory, path, bytes } = await openWithTwo(t);
  const temporary = join(dirname(path), '.0123456789.tmp');
  await writeFile(temporary, bytes);
  await writeFile(join(dirname(path), '.nfs000001'), 'of the file system');
  assert.equal(await textOf(directory), '<<<check_mk>>>\nVersion: 2.4.0\n');
  const again = await openSpool(t, { directory });
  const hidden = (await namesIn(directory)).filter((name) => name.startsWith('.'));
  assert.deepEqual(hidden, ['.nfs000001']);
  assert.deepEqual(again.log.lines, []);
});

test('a put goes on when its temporary file is tidied away by a writer that starts', async (t) => {
  const { spool, directory } = await openSpool(t);
  const puts = Array.from({ length: 100 }, (_, index) =>
    spool.put(makeNewOutput(`web${index}`, 'x'.repeat(50_000))),
  );
  await openSpool(t, { directory });
  await Promise.all(puts);
  assert.equal((await namesIn(directory)).length, 100);
});

test('a spool whose directories are taken away refuses, and does not hang', async (t) => {
  const { spool, directory } = await openWithTwo(t);
  await rename(directory, `${directory}-away`);
  await expectFault(spool.put(makeNewOutput('web1', 'x', 9)), 'LOCAL', /no such file/);
  await rename(`${directory}-away`, directory);
  await spool.put(makeNewOutput('web1', 'back\n', 9));
  assert.equal(await textOf(directory), 'back\n');
});
