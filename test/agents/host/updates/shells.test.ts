/** The same work under every shell, with every client and every awk that is installed here. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startUpdateServer } from '../../../peers/update-server.ts';
import { Host, isLong } from './host.ts';
import { makeRelease } from './packages.ts';

const shells = ['dash', 'bash', 'bash --posix', 'busybox ash', 'mksh', 'yash', 'ksh93', 'posh'];
const clients = ['curl', 'wget', 'busybox'];
const awks = ['mawk', 'gawk', 'original-awk', 'busybox'];
/** In every run: the shell that counts to 2^31 only, and the poorest of tools. */
const share = new Set(['mksh busybox original-awk']);

function find(program: string): string | undefined {
  return ['/usr/bin', '/bin'].map((place) => join(place, program)).find(existsSync);
}

const missing = [
  ...new Set([...shells.map((shell) => shell.split(' ')[0] ?? ''), ...clients, ...awks]),
].filter((name) => find(name) === undefined);

test(`TE-3: the matrix leaves out what is not installed: ${missing.join(', ') || 'nothing'}`, () => {
  assert.ok(missing.length < shells.length);
});

/** A directory with an awk by that name, ahead of all others. */
function pathWith(host: Host, awk: string): string {
  const directory = join(host.root, 'awk-first');
  mkdirSync(directory);
  symlinkSync(find(awk) ?? '', join(directory, 'awk'));
  return `${directory}:/usr/sbin:/usr/bin:/sbin:/bin`;
}

async function workThrough(
  t: TestContext,
  [shell, client, awk]: readonly [string, string, string],
) {
  const [program = '', ...options] = shell.split(' ');
  const server = await startUpdateServer(t);
  const command = [find(program) ?? '', ...options];
  const host = new Host(t, { server, shell: { name: shell, command, path: '' } });
  host.path = pathWith(host, awk);
  server.repository.addRoot({ servers: [server.url] });
  const token = server.addToken('web01');
  host.lay({
    root: server.repository.roots.get(1) ?? Buffer.alloc(0),
    token: Buffer.from(`${token}\n`),
  });
  execFileSync('chmod', ['600', join(host.inbox, 'token')]);
  const run = (mode: string, ...more: readonly string[]) =>
    host.run([mode, `--client=${client}`, ...more]);
  const files = [`--root=${host.inbox}/root`, `--token-file=${host.inbox}/token`];
  const registered = await run(
    'register',
    '--host=web01',
    `--server=${server.url}`,
    '--allow-http=yes',
    ...files,
  );
  assert.deepEqual([registered.status, registered.stderr], [0, '']);
  const release = makeRelease('1');
  host.offer(release);
  const updated = await run('update');
  assert.deepEqual([updated.status, updated.stderr], [0, '']);
  assert.equal(host.read('current'), `${release.hash}\n`);
  server.repository.counter = 100_000_000_000_000;
  server.repository.addRoot({ servers: [server.url] });
  host.offer(
    makeRelease('2', [{ path: 'bin/check_mk_agent', mode: 0o755, content: '#!/bin/sh\n' }]),
  );
  const broken = await run('update');
  assert.match(
    broken.stderr,
    /^courier-update: E-SELFTEST the agent of release \S+ printed nothing\n$/,
  );
  assert.equal(host.read('current'), `${release.hash}\n`);
  server.repository.counter = 50;
  host.offer(makeRelease('3'));
  const lower = await run('update');
  assert.equal(lower.status, 0, lower.stderr);
  assert.equal(host.floors()['root-version'], '2');
  server.repository.stampKeys = ['stranger'];
  assert.match((await run('update')).stderr, /^courier-update: E-SIGNATURE /);
  assert.match(host.read('section'), /\{"last_check":\d{10},"last_update":\d{10},/);
  const status = await host.run(['status']);
  assert.deepEqual([status.status, status.stderr], [0, '']);
}

for (const shell of shells) {
  for (const client of clients) {
    for (const awk of awks) {
      const absent = [shell.split(' ')[0] ?? '', client, awk].find(
        (name) => find(name) === undefined,
      );
      const isWanted = isLong || share.has(`${shell} ${client} ${awk}`);
      const skip =
        absent === undefined ? !isWanted && 'in the long run only' : `${absent} is not installed`;
      if (skip !== false && !isLong && !isWanted) continue;
      test(`TE-3: ${shell} with ${client} and ${awk}`, { skip }, (t) =>
        workThrough(t, [shell, client, awk]),
      );
    }
  }
}
