/** Another user of the machine tries to be believed by the program. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { ReadyDirectory } from '../../src/ready/ready-directory.ts';
import { systemUptime } from '../../src/ready/uptime.ts';
import { Records } from '../../src/receiver/state/records.ts';
import { shardOf } from '../../src/spool/names.ts';
import { Present } from '../../src/spool/newest.ts';
import { putSpooled } from '../../src/spool/putting.ts';
import { anotherUser, runAsAnotherUser, skipUnlessRoot } from '../helpers/another-user.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { runCourier } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const skip = skipUnlessRoot();
const readyScript = fileURLToPath(new URL('../../agents/site/cmk-courier-ready', import.meta.url));
const host = parseHostName('web01');
const output = '<<<check_mk>>>\nVersion: 2.4.0\n';

/** A directory another user can look into, as a site's are. */
async function makePlace(t: TestContext): Promise<string> {
  const root = await makeTempDir(t);
  chmodSync(root, 0o755);
  return root;
}

/** A spool that holds one good output. */
async function makeSpool(root: string): Promise<string> {
  const directory = join(root, 'spool');
  const now = new Date();
  const record = { host, output: Buffer.from(output), producedAt: now, receivedAt: now };
  const present = new Present(now.getTime());
  await putSpooled(directory, { ...record, origin: 'upload web01' }, present);
  return directory;
}

/** What a fetch comes to, in one line. */
async function fetchFrom(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await runCourier(['fetch', `--host=${host}`, ...args], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  });
  return code === 0 ? stdout.toString() : `${code} ${stderr}`;
}

const everybody = (path: string) =>
  `it is writable for everybody (mode ${path.endsWith('spool') ? 777 : 666}); chmod go-w ${path}`;

test('a record another user has laid into the spool is passed over', { skip }, async (t) => {
  const spool = await makeSpool(await makePlace(t));
  const shard = join(spool, shardOf(host));
  const [good = ''] = readdirSync(shard);
  for (const path of [spool, shard]) chmodSync(path, 0o777);
  // Newer than the good one by its name, and as whole.
  const forged = join(shard, good.replace(/~./, '~z'));
  chmodSync(join(shard, good), 0o644);
  const { status, stderr } = runAsAnotherUser(`cp '${join(shard, good)}' '${forged}'`);
  assert.deepEqual([stderr, status], ['', 0]);
  assert.equal(
    await fetchFrom(`spool:${spool}`),
    `3 cmk-courier: spool: web01: others may change ${shard}: ${spool} is writable for everybody (mode 777); chmod go-w ${spool} (CONFIG)\n`,
  );
  for (const path of [spool, shard]) chmodSync(path, 0o700);
  assert.equal(await fetchFrom(`spool:${spool}`), output);
  chmodSync(join(shard, good), 0o666);
  assert.match(await fetchFrom(`spool:${spool}`), /^9 .*there is no output of web01/);
});

test('what another user lays ready is not handed over, whatever it says', { skip }, async (t) => {
  const root = await makePlace(t);
  const ready = join(root, 'ready');
  const uptime = systemUptime();
  ReadyDirectory.open({ directory: ready, clock: systemClock, uptime });
  chmodSync(ready, 0o777);
  const second = Math.floor(uptime.now()) + 600;
  const forged = `cmk-courier-ready/2 web01 ${uptime.bootId} ${second} - 0\n<<<local>>>\n0 x - fine\n`;
  writeFileSync(join(root, 'forged'), forged);
  const lay = `cp '${join(root, 'forged')}' '${ready}/web01' && touch -d '+10 minutes' '${ready}/web01'`;
  assert.deepEqual([runAsAnotherUser(lay).stderr, runAsAnotherUser(lay).status], ['', 0]);
  mkdirSync(join(root, 'bin'));
  const fallback = join(root, 'bin/cmk-courier');
  writeFileSync(fallback, '#!/bin/sh\necho FALLBACK\n', { mode: 0o755 });
  const env = { PATH: `${join(root, 'bin')}:${process.env['PATH']}`, CMK_COURIER_READY: ready };
  const ask = () => spawnSync('sh', [readyScript, 'web01'], { env, encoding: 'utf8' }).stdout;
  assert.equal(ask(), 'FALLBACK\n');
  const checked = await runCourier(['hostcheck', 'web01', `--ready=${ready}`], { env });
  assert.equal(
    checked.stdout.toString(),
    `UNKNOWN - cmk-courier: hostcheck: others may change ${ready}: it is writable for everybody (mode 777); chmod go-w ${ready} (CONFIG)\n`,
  );
  // The same file of our own is handed over: it was refused for whose it is.
  chownSync(join(ready, 'web01'), 0, 0);
  assert.equal(ask(), '<<<local>>>\n0 x - fine\n');
});

test('a spool that is another user’s is not believed at all', { skip }, async (t) => {
  const root = await makePlace(t);
  const spool = await makeSpool(root);
  chmodSync(root, 0o1777);
  cpSync(spool, join(root, 'his'), { recursive: true });
  chownSync(join(root, 'his'), anotherUser, anotherUser);
  assert.equal(
    await fetchFrom(`spool:${join(root, 'his')}`),
    `3 cmk-courier: spool: web01: others may change ${join(root, 'his', shardOf(host))}: ${join(root, 'his')} belongs to user 1, not to root (CONFIG)\n`,
  );
  assert.equal(await fetchFrom(`spool:${spool}`), output);
});

test('routes that others may change are not followed', { skip }, async (t) => {
  const root = await makePlace(t);
  const drop = join(root, 'drop');
  writeFileSync(drop, output);
  const routes = join(root, 'routes.yaml');
  writeFileSync(routes, `routes:\n  - hosts: '*'\n    sources: ${drop}\n`);
  assert.equal(await fetchFrom(`--routes=${routes}`), output);
  chmodSync(routes, 0o666);
  assert.equal(
    await fetchFrom(`--routes=${routes}`),
    `3 cmk-courier: fetch: others may change ${routes}: ${everybody(routes)} (CONFIG)\n`,
  );
});

test('host keys, secrets and authorities that others may change are not used', {
  skip,
}, async (t) => {
  const root = await makePlace(t);
  const file = join(root, 'file');
  writeFileSync(file, 'x');
  chmodSync(file, 0o666);
  const refusal = (transport: string) =>
    `3 cmk-courier: ${transport}: web01: others may change ${file}: ${everybody(file)} (CONFIG)\n`;
  assert.equal(await fetchFrom(`--known-hosts=${file}`, 'ssh://127.0.0.1:9'), refusal('ssh'));
  assert.equal(await fetchFrom(`--known-hosts=${file}`, 'sftp://127.0.0.1:9/x'), refusal('sftp'));
  assert.equal(await fetchFrom(`--token-file=${file}`, 'https://127.0.0.1:9/'), refusal('http'));
  assert.equal(await fetchFrom(`--ca=${file}`, 'https://127.0.0.1:9/'), refusal('http'));
});

test('a record with a hash another user knows lets nobody in', { skip }, async (t) => {
  const state = join(await makePlace(t), 'state');
  const records = new Records(state, z.object({ hash: z.string() }));
  await records.prepare();
  await records.write('honest', { hash: 'ours' });
  const forged = join(state, 'mallory.json');
  chmodSync(state, 0o777);
  assert.equal(runAsAnotherUser(`echo '{"hash":"known"}' > '${forged}'`).status, 0);
  await expectFault(records.prepare(), 'CONFIG', /\/state: it is writable for everybody/);
  chmodSync(state, 0o700);
  const fault = await expectFault(records.read('mallory'), 'CONFIG');
  assert.equal(
    fault.message,
    `others may change ${forged}: it belongs to user ${anotherUser}, not to root`,
  );
  assert.deepEqual(await records.read('honest'), { hash: 'ours' });
});

test('a receiver does not start on what others may change', { skip }, async (t) => {
  const root = await makePlace(t);
  const certificates = join(root, 'certs');
  await runCourier(['certs', 'init', `--dir=${certificates}`, '--site=test']);
  const config = join(root, 'receiver.yaml');
  writeFileSync(config, '');
  const receive = async () => {
    const places = ['spool', 'state'].map((name) => `--${name}=${join(root, name)}`);
    const all = [
      '--site=test',
      `--certificates=${certificates}`,
      '--listen=127.0.0.1:0',
      ...places,
    ];
    const { stderr, code } = await runCourier(['receive', `--config=${config}`, ...all]);
    assert.equal(code, 3);
    return stderr;
  };
  const line = (path: string, mode: number) =>
    `cmk-courier: receive: others may change ${path}: it is writable for everybody (mode ${mode}); chmod go-w ${path} (CONFIG)\n`;
  chmodSync(config, 0o666);
  assert.equal(await receive(), line(config, 666));
  chmodSync(config, 0o600);
  const authority = join(certificates, 'agent-ca.pem');
  chmodSync(authority, 0o646);
  assert.equal(await receive(), line(authority, 646));
  chmodSync(authority, 0o600);
  const spool = join(root, 'spool');
  mkdirSync(spool);
  chmodSync(spool, 0o777);
  assert.equal(await receive(), line(spool, 777));
});
