import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Revocations } from '../../src/certs/revocation.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { start } from '../helpers/run-program.ts';
import { scriptArguments, sourceUrl } from '../helpers/run-script.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const uuid = 'f0d4c1a2-5b6e-4c7d-8e9f-0a1b2c3d4e5f';
const now = new Date('2026-01-31T12:00:00Z');
const serial = '4852bb7c2ee6fcdb581642a8aa87d097';

test('nothing is revoked as long as there is no list', async (t) => {
  const revocations = await Revocations.load(await makeTempDir(t));
  assert.equal(revocations.has(serial), false);
  await revocations.reload();
  assert.equal(revocations.has(serial), false);
});

test('what is added is denied at once, and by whoever loads the list later', async (t) => {
  const directory = await makeTempDir(t);
  const revocations = await Revocations.load(directory);
  await revocations.add(serial, uuid, now);
  assert.ok(revocations.has(serial));
  assert.ok((await Revocations.load(directory)).has(serial));
  const path = join(directory, 'revoked.txt');
  assert.equal(readFileSync(path, 'utf8'), `${serial} ${uuid} 2026-01-31T12:00:00.000Z\n`);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a serial may be written as Node and as openssl write it', async (t) => {
  const revocations = await Revocations.load(await makeTempDir(t));
  await revocations.add('00:AB:cd:01', uuid, now);
  for (const spelling of ['abcd01', 'ABCD01', '00ABCD01', 'ab:cd:01']) {
    assert.ok(revocations.has(spelling), spelling);
  }
  assert.equal(revocations.has('abcd0'), false);
});

test('a reload sees what another process has added, and what was taken out', async (t) => {
  const directory = await makeTempDir(t);
  const mine = await Revocations.load(directory);
  const other = await Revocations.load(directory);
  await other.add(serial, uuid, now);
  assert.equal(mine.has(serial), false);
  await mine.reload();
  assert.ok(mine.has(serial));
  writeFileSync(join(directory, 'revoked.txt'), '# nobody\n');
  await mine.reload();
  assert.equal(mine.has(serial), false);
});

test('an addition while the list is read is not lost', async (t) => {
  const directory = await makeTempDir(t);
  const revocations = await Revocations.load(directory);
  writeFileSync(join(directory, 'revoked.txt'), 'abc\n');
  await Promise.all([revocations.reload(), revocations.add(serial, uuid, now)]);
  assert.ok(revocations.has(serial));
  assert.ok(revocations.has('abc'));
});

test('remarks, blank lines and CR LF are fine; a line that is none of these is named', async (t) => {
  const directory = await makeTempDir(t);
  const path = join(directory, 'revoked.txt');
  writeFileSync(path, `# by hand\r\n\r\n  ${serial.toUpperCase()}\tlost laptop\r\n`);
  const revocations = await Revocations.load(directory);
  assert.ok(revocations.has(serial));
  appendFileSync(path, `${uuid}\n`);
  const fault = await expectFault(Revocations.load(directory), 'CONFIG');
  assert.equal(fault.message, `${path}:4: "${uuid}" is no serial`);
  await expectFault(revocations.reload(), 'CONFIG');
  assert.ok(revocations.has(serial), 'what was known stays known');
});

test('what a crash has left of a line spoils neither the list nor the next line', async (t) => {
  const directory = await makeTempDir(t);
  const line = `${serial} ${uuid} 2026-01-31T12:00:00.000Z`;
  for (let length = 1; length < line.length; length += 7) {
    writeFileSync(join(directory, 'revoked.txt'), line.slice(0, length));
    const revocations = await Revocations.load(directory);
    await revocations.add('4711', uuid, now);
    const again = await Revocations.load(directory);
    assert.ok(again.has('4711'));
    assert.equal(again.has(serial), length >= serial.length);
  }
});

test('additions of several processes at once are all there', async (t) => {
  const directory = await makeTempDir(t);
  const processes = ['1', '2', '3'].map((first) => {
    const lines = `
      const { Revocations } = await import(${sourceUrl('certs/revocation.ts')});
      const list = await Revocations.load(${JSON.stringify(directory)});
      for (let n = 10; n < 40; n += 1) await list.add('${first}' + n, 'x', new Date());`;
    return start(process.execPath, scriptArguments(lines)).ended;
  });
  for (const { code, stderr } of await Promise.all(processes)) assert.equal(code, 0, stderr);
  const revocations = await Revocations.load(directory);
  for (const first of ['1', '2', '3']) {
    for (let n = 10; n < 40; n += 1) assert.ok(revocations.has(`${first}${n}`));
  }
});

test('what is no serial is not added, and white space makes no line of its own', async (t) => {
  const directory = await makeTempDir(t);
  const revocations = await Revocations.load(directory);
  for (const wrong of ['', 'xyz', uuid, 'a'.repeat(41), '12\n34']) {
    await expectFault(revocations.add(wrong, uuid, now), 'USAGE', / is no serial$/);
  }
  assert.equal(existsSync(join(directory, 'revoked.txt')), false);
  await revocations.add('ab', 'a\n4711 b', now);
  assert.equal((await Revocations.load(directory)).has('4711'), false);
});

test('a list that cannot be written is a fault, and the serial is denied all the same', async (t) => {
  const directory = join(await makeTempDir(t), 'none');
  const revocations = await Revocations.load(directory);
  const fault = await expectFault(revocations.add(serial, uuid, now), 'LOCAL');
  assert.equal(fault.message, `writing ${directory}/revoked.txt: no such file or directory`);
  assert.ok(revocations.has(serial));
});

test('a reading that takes long does not undo one that began later', async (t) => {
  const directory = await makeTempDir(t);
  const file = join(directory, 'revoked.txt');
  const revocations = await Revocations.load(directory);
  writeFileSync(file, '# nobody yet\n'.repeat(1_000_000));
  const slow = revocations.reload();
  // It has begun to read.
  await sleep(5);
  writeFileSync(`${file}.new`, `${serial}\n`);
  renameSync(`${file}.new`, file);
  await revocations.reload();
  assert.ok(revocations.has(serial));
  await slow;
  assert.ok(revocations.has(serial));
});
