/** The master switch, the audit log, backup and restore. */

import assert from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import './cheap-scrypt.ts';
import { readAudit } from '../../src/updates/repository/audit.ts';
import { readSwitch } from '../../src/updates/repository/switch.ts';
import {
  makeReadyServer,
  makeUpdateServer,
  plantHost,
  plantKey,
  plantPlan,
  publishedTarget,
} from './server-kit.ts';

test('RO-1: the master switch is off at first, and keeps when and by whom it was turned', async (t) => {
  const server = await makeUpdateServer(t);
  const off = { isOn: false, since: undefined, by: undefined };
  assert.deepEqual(await readSwitch(server.places), off);
  assert.equal((await server.run('on')).output, 'updates are on\n');
  const by = userInfo().username;
  assert.deepEqual(await readSwitch(server.places), { isOn: true, since: '20261128093000', by });
  server.clock.advance(60_000);
  assert.equal((await server.run('on')).output, 'updates are on already\n');
  assert.equal((await server.run('off')).output, 'updates are off\n');
  assert.deepEqual(await readSwitch(server.places), { isOn: false, since: '20261128093100', by });
  const text = 'updates off\nsince 20261128093100\nby ';
  assert.equal(await readFile(server.places.switch, 'utf8'), `${text}${by}\n`);
});

test('RO-9: every decision is one line more in the audit log, with user, time, before and after', async (t) => {
  const server = await makeReadyServer(t);
  await plantKey(server, 'bob', 'root2');
  await plantPlan(server, ['web01']);
  const before = await readFile(server.places.audit, 'utf8');
  await server.must('sign');
  await server.run('publish');
  await server.run('on');
  await server.must('root', 'add-key', 'bob');
  await server.must('keys', 'revoke', 'bob');
  const text = await readFile(server.places.audit, 'utf8');
  assert.ok(text.startsWith(before));
  const entries = (await readAudit(server.places)).slice(before.split('\n').length - 1);
  assert.deepEqual(
    entries.map(({ what }) => what),
    ['sign', 'publish', 'switch', 'root', 'root'],
  );
  const [, publish, turned] = entries;
  assert.deepEqual(publish, {
    time: '2026-11-28T09:30:00.000Z',
    user: userInfo().username,
    what: 'publish',
    before: '0 hosts, counter up to 0',
    after: '1 host, counter up to 1; 1 added (web01)',
  });
  assert.deepEqual([turned?.before, turned?.after], ['off', 'on']);
  const shown = await server.run('audit', '--last=1', '--json');
  assert.equal(JSON.parse(shown.output).entries[0].what, 'root');
  await writeFile(server.places.audit, `${text}{"time":"2026-11-2`);
  await server.run('off');
  assert.equal((await readAudit(server.places)).at(-1)?.what, 'switch');
});

test('the state comes back from a backup, and its counter goes on above what any host has', async (t) => {
  const server = await makeReadyServer(t);
  await plantPlan(server, ['web01']);
  await server.must('sign');
  await server.run('publish');
  const path = join(server.places.directory, '..', 'backup.tar.gz');
  const { output } = await server.run('backup', path);
  assert.match(output, /^\d+ bytes in .*backup\.tar\.gz; it holds secrets\n$/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.match(
    (await server.run('backup', path)).errors,
    /is there already, and stays as it is \(USAGE\)\n$/,
  );
  const other = await makeUpdateServer(t);
  // Whoever looks makes directories, and they are no state.
  assert.equal((await other.run('status')).code, 0);
  const restored = await other.run('restore', path);
  assert.match(restored.output, /^restored: root 1 is the newest, counters go on above 1001\n/);
  assert.equal((await publishedTarget(other, 'web01'))?.counter, 1);
  await plantHost(other, 'web01', { rootVersion: 1, counter: 1500 });
  await plantHost(other, 'web02', { rootVersion: 1, counter: 999_999_999_999_999 });
  await other.must('sign', '--all');
  await other.run('publish');
  assert.equal((await publishedTarget(other, 'web01'))?.counter, 1501);
  const again = await other.run('restore', path);
  assert.match(
    again.errors,
    /is there already; stop the receiver and move the directory away first \(USAGE\)\n$/,
  );
});

test('what is no backup is not restored, and leaves nothing behind', async (t) => {
  const server = await makeUpdateServer(t);
  const path = join(server.places.directory, '..', 'backup.tar.gz');
  await writeFile(path, 'not an archive');
  const { code, errors } = await server.run('restore', path);
  assert.equal(code, 4);
  assert.match(errors, /running tar: /);
  await chmod(path, 0o666);
  assert.match((await server.run('restore', path)).errors, /others may change .* \(CONFIG\)\n$/);
  await assert.rejects(stat(server.places.directory));
});

test('a state directory that others may look into is refused', async (t) => {
  const server = await makeReadyServer(t);
  await chmod(server.places.directory, 0o755);
  const { errors } = await server.run('on');
  assert.match(errors, /others may look into .*updates; chmod 700 .*updates \(CONFIG\)\n$/);
});
