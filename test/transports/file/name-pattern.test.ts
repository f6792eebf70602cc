import assert from 'node:assert/strict';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHostName } from '../../../src/names/host-name.ts';
import { fillNamePattern } from '../../../src/transports/file/name-pattern.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { fetchFile, fetchText, makeDrops } from './drops.ts';

/** Which of the names a pattern fits for a host. */
function fitting(part: string, host: string, names: readonly string[]): readonly string[] {
  const refuse = (why: string) => assert.fail(why);
  const target = { host: parseHostName(host), address: '10.0.0.1' };
  const { fits } = fillNamePattern(part, target, refuse);
  return names.filter((name) => fits(Buffer.from(name).toString('latin1')));
}

const own = [
  'web1.txt',
  'web1-20261128.txt',
  'web1.2026-11-28T10-15-00.txt',
  'web1_1767261600.txt',
  'web1-20261128-101500.out.txt',
  'web1@depot.txt',
  'web1 (1).txt',
  'web1, new.txt',
];

const ofOthers = [
  'web10.txt',
  'web1-db.txt',
  'web1.example.com.txt',
  'web1_2.txt',
  'web1-1.txt',
  'web1-10.0.0.1.txt',
  'web.txt',
  'my-web1.txt',
  'WEB1.txt',
  'web1.txt.gz',
  'web1txt',
];

test('a star beside a name does not lead to a host whose name goes on', () => {
  assert.deepEqual(fitting('{host}*.txt', 'web1', [...own, ...ofOthers]), own);
});

test('what a name may end in is known where the pattern leaves it open', () => {
  const names = ['web1', 'web1.txt', 'web1.gz', 'web1.txt.Z', 'web1-20261128.txt.xz'];
  assert.deepEqual(fitting('{host}*', 'web1', [...names, ...ofOthers]), [...names, 'web1.txt.gz']);
  assert.deepEqual(fitting('{host}.*', 'web1', names), ['web1.txt', 'web1.gz', 'web1.txt.Z']);
});

test('an IPv6 address does not lead to one that goes on', () => {
  const names = ['fd00::1.txt', 'fd00::1:5.txt', 'fd00::1%eth0.txt', 'fd00::1@7.txt'];
  assert.deepEqual(fitting('{host}*.txt', 'fd00::1', names), ['fd00::1.txt', 'fd00::1@7.txt']);
  const others = ['::1.txt', 'fd00::1.txt', '7::1.txt', 'of ::1.txt'];
  assert.deepEqual(fitting('*{host}.txt', '::1', others), ['::1.txt', 'of ::1.txt']);
});

test('in front of a name it is the same', () => {
  const names = [
    'web1.txt',
    '20261128-web1.txt',
    '2026-11-28T10:15:00_web1.txt',
    'from web1.txt',
    'db-web1.txt',
    'db.web1.txt',
    '1web1.txt',
    '7-web1.txt',
  ];
  assert.deepEqual(fitting('*{host}.txt', 'web1', names), names.slice(0, 4));
});

test('marks between name and star change nothing, words and other marks end the name', () => {
  const names = ['web1-20261128.txt', 'web1-db-20261128.txt', 'web1-7.txt'];
  assert.deepEqual(fitting('{host}-*.txt', 'web1', names), names.slice(0, 1));
  assert.deepEqual(fitting('{host}_agent_*.txt', 'web1', ['web1_agent_7.txt', 'web1_x_7.txt']), [
    'web1_agent_7.txt',
  ]);
  assert.deepEqual(fitting('{host}@*.txt', 'web1', ['web1@7.txt', 'web1-db@7.txt']), [
    'web1@7.txt',
  ]);
  assert.deepEqual(fitting('*.txt', 'web1', ['a.txt', 'web9.txt', 'a.md5']), ['a.txt', 'web9.txt']);
});

test('everything but the star is meant literally, in the name of the host as well', () => {
  assert.deepEqual(fitting('{host}*.txt', 'a.b', ['a.b.txt', 'axb.txt', 'aab.txt']), ['a.b.txt']);
  assert.deepEqual(fitting('[a-z]+.%2A*', 'web1', ['[a-z]+.*.txt', 'abc.xx']), ['[a-z]+.*.txt']);
  assert.deepEqual(fitting('{address}*.txt', 'web1', ['10.0.0.1.txt', '10.0.0.10.txt']), [
    '10.0.0.1.txt',
  ]);
  assert.deepEqual(fitting('Müller*', 'web1', ['Müller.txt', 'Muller.txt']), ['Müller.txt']);
});

async function drop(directory: string, name: string, mtime: number): Promise<void> {
  await writeFile(join(directory, name), name);
  await utimes(join(directory, name), mtime, mtime);
}

test('the newest file that fits is delivered, and none of another host', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'web01.txt', 1000);
  await drop(drops, 'web01-20261128.txt', 2000);
  for (const name of ['web010.txt', 'web01-db.txt', 'web01.txt.8f3a.partial', 'web01.txt.md5']) {
    await drop(drops, name, 3000);
  }
  for (const source of [`${drops}/{host}*.txt`, `file:${drops}/{host}*.txt`, `${drops}/{host}*`]) {
    const { output, origin } = await fetchFile(source);
    assert.equal(output.toString(), 'web01-20261128.txt', source);
    assert.equal(origin, `${drops}/web01-20261128.txt`);
  }
});

test('partial files and conflicting copies that fit are not delivered', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'web01.txt', 1000);
  const others = [
    'web01 (conflicted copy 2026-11-28 101500).txt',
    'web01.txt.8f3a.partial',
    'web01-20261128.txt.filepart',
    'web01.sync-conflict-20261128-101500-ABCDEFG.txt',
  ];
  for (const name of others) await drop(drops, name, 2000);
  assert.equal(await fetchText(`${drops}/{host}*`), 'web01.txt');
  assert.equal(await fetchText(`${drops}/{host}*.txt`), 'web01.txt');
});

test('where nothing fits, the pattern is named, and what may be of another host', async (t) => {
  const drops = await makeDrops(t);
  const { message: nothing } = await expectFault(fetchFile(`${drops}/{host}*.txt`), 'NO_OUTPUT');
  assert.equal(nothing, `there is no complete file that fits web01*.txt in ${drops}/`);
  await drop(drops, 'web01-7.txt', 1000);
  const { message } = await expectFault(fetchFile(`${drops}/{host}*.txt`), 'NO_OUTPUT');
  assert.equal(
    message,
    `there is no complete file that fits web01*.txt in ${drops}/: "web01-7.txt" is a file of another host, perhaps`,
  );
});

test('a pattern in a directory of the host is not held to its name', async (t) => {
  const drops = await makeDrops(t);
  await drop(drops, 'a-1.txt', 1000);
  await drop(drops, 'a-2.out', 2000);
  assert.equal(await fetchText(`${drops}/*.txt`), 'a-1.txt');
});
