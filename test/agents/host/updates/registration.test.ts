import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sha256 } from '../../../peers/update-documents.ts';
import { startUpdateServer } from '../../../peers/update-server.ts';
import { Host, inLong } from './host.ts';
import { makeRelease } from './packages.ts';

async function makeWorld(t: TestContext) {
  const server = await startUpdateServer(t);
  const host = new Host(t, { server });
  const root = server.repository.addRoot({ servers: [server.url] });
  writeFileSync(join(host.root, 'root'), root);
  const register = (token: string, ...more: readonly string[]) => {
    writeFileSync(join(host.root, 'token'), `${token}\n`, { mode: 0o600 });
    const standard = [
      `--server=${server.url}`,
      '--allow-http=yes',
      `--token-file=${host.root}/token`,
    ];
    return host.run(['register', '--host=web01', ...standard, ...more]);
  };
  return { host, server, root, register, rootFile: `--root=${host.root}/root` };
}

test('AU-1: a token registers one host, once', async (t) => {
  const { host, server, register, rootFile } = await makeWorld(t);
  const token = server.addToken('web01');
  const state = join(host.base, 'state');
  host.path = host.substitute('sync', `cat ${state}/registration >${state}/synced 2>&1`);
  const { status, stdout, stderr } = await register(token, rootFile);
  assert.deepEqual([status, stderr], [0, '']);
  assert.equal(host.read('state/synced'), host.read('state/registration'));
  assert.equal(stdout, 'root 1 is believed now\nthis host is registered as web01\n');
  assert.equal(host.read('state/secret'), server.pendingSecrets.get('web01'));
  assert.equal(statSync(join(host.base, 'state/secret')).mode & 0o777, 0o600);
  assert.equal(host.read('state/token'), '');
  assert.deepEqual(await host.update(), { status: 0, stdout: 'nothing to do\n', stderr: '' });
  assert.match(
    (await register(token, rootFile)).stderr,
    /^courier-update: E-TOKEN \S+: the token is wrong, used, expired or for another host\n$/,
  );
  const foreign = server.addToken('web02');
  assert.match((await register(foreign, rootFile)).stderr, /^courier-update: E-TOKEN /);
  assert.match(
    (await register('short', rootFile)).stderr,
    /^courier-update: E-TOKEN a token is 64 hexadecimal digits\n$/,
  );
  // As a kill in the middle of a registration leaves it.
  host.write('state/token', token);
  assert.deepEqual(await host.update(), { status: 0, stdout: 'nothing to do\n', stderr: '' });
  assert.equal(existsSync(join(host.base, 'state/token')), false);
});

test('AU-2: a root is believed by its SHA-256, and no other', { skip: inLong }, async (t) => {
  const { server, root, register, rootFile, host } = await makeWorld(t);
  const token = server.addToken('web01');
  const none = await register(token);
  assert.equal(
    none.stderr,
    'courier-update: E-USAGE which root is to be believed? --root=FILE, or --root-sha256=HEX\n',
  );
  assert.match(
    (await register(token, `--root-sha256=${'0'.repeat(64)}`)).stderr,
    /^courier-update: E-FINGERPRINT no root of \S+ has this SHA-256\n$/,
  );
  const wrong = await register(token, rootFile, `--root-sha256=${'0'.repeat(64)}`);
  assert.match(
    wrong.stderr,
    /^courier-update: E-FINGERPRINT the root is not the one with this SHA-256\n$/,
  );
  assert.equal(host.read('state/root'), '');
  const second = server.repository.addRoot({ servers: [server.url] });
  assert.equal((await register(token, `--root-sha256=${sha256(second)}`)).status, 0);
  assert.equal(host.read('state/root'), second.toString('latin1'));
  assert.notEqual(sha256(root), sha256(second));
});

test('AU-3: neither token nor secret travels, nor is in arguments, environment, log or show-config', async (t) => {
  const { host, server, register, rootFile } = await makeWorld(t);
  const token = server.addToken('web01');
  const sampled = new Set<string>();
  const sampler = setInterval(() => sample(host.root, sampled), 5);
  t.after(() => clearInterval(sampler));
  assert.equal((await register(token, rootFile, '--debug')).status, 0);
  const secret = server.pendingSecrets.get('web01') ?? '';
  assert.equal(secret.length, 64);
  host.offer(makeRelease('1'));
  const updated = await host.update('--debug');
  assert.equal(updated.status, 0, updated.stderr);
  const shown = await host.run(['show-config']);
  clearInterval(sampler);
  assert.match(shown.stdout, /^secret +\*{8} +state$/m);
  assert.ok(sampled.size > 5);
  const seen = [
    ...sampled,
    ...server.requests.flatMap(({ body, headers, path }) => [body, JSON.stringify(headers), path]),
    ...[updated.stdout, updated.stderr, shown.stdout, host.read('state/log'), host.read('section')],
  ].join('\n');
  for (const one of [token, secret]) assert.equal(seen.includes(one), false);
});

/** Arguments and environment of every process that has to do with a host. */
function sample(root: string, into: Set<string>): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
      if (args.includes(root) || environment.includes(root)) into.add(`${args}\n${environment}`);
    } catch {
      // It has ended meanwhile.
    }
  }
}

test('AU-4: a token that others may read is not taken', { skip: inLong }, async (t) => {
  const { host, server, rootFile } = await makeWorld(t);
  const file = join(host.root, 'open-token');
  writeFileSync(file, `${server.addToken('web01')}\n`, { mode: 0o644 });
  const args = [`--server=${server.url}`, '--allow-http=yes', rootFile, `--token-file=${file}`];
  const { status, stderr } = await host.run(['register', '--host=web01', ...args]);
  const why = `others may read ${file}; it must be of mode 0600`;
  assert.deepEqual([status, stderr], [4, `courier-update: E-PRIVATE ${why}\n`]);
});

test('AU-6: a host restored from a snapshot goes on by itself, and no counter is used twice', async (t) => {
  const { host, server } = await makeWorld(t);
  host.register(server);
  server.counters.set('web01', '20990101000000');
  assert.equal((await host.update()).status, 0);
  assert.deepEqual(server.kinds, ['root', 'check', 'check']);
  assert.equal(host.floors()['request'], '20990101000001');
  const counters = server.requests.flatMap(({ fields }) => fields['counter'] ?? []);
  assert.equal(new Set(counters).size, counters.length);
});

test('AU-7: a host takes another secret when the site wants it', { skip: inLong }, async (t) => {
  const { host, server } = await makeWorld(t);
  host.register(server);
  const before = host.read('state/secret');
  server.rotating.add('web01');
  assert.equal((await host.update()).status, 0);
  assert.deepEqual(server.kinds, ['root', 'check', 'register', 'check']);
  assert.notEqual(host.read('state/secret'), before);
  assert.equal(host.read('state/secret'), server.secrets.get('web01'));
  server.secrets.set('web01', '0'.repeat(64));
  assert.match((await host.update()).stderr, /^courier-update: E-AUTH /);
});

test('AU-7: another secret is on the disk before it takes the place of the one before', async (t) => {
  const { host, server } = await makeWorld(t);
  host.register(server);
  const before = host.read('state/secret');
  server.rotating.add('web01');
  const state = join(host.base, 'state');
  host.path = host.substitute('sync', `cat ${state}/secret ${state}/secret.new >>${state}/synced`);
  assert.equal((await host.update()).status, 0);
  assert.equal(host.read('state/synced'), `${before}${host.read('state/secret')}`);
});

test('AU-3: an answer that is not to this request, or not from the site, counts for nothing', {
  skip: inLong,
}, async (t) => {
  const { host, server } = await makeWorld(t);
  host.register(server);
  const before = host.read('state/secret');
  const fake = (body: Buffer) =>
    Buffer.from(
      `format cmk-courier-answer/1\n${body.toString('latin1').split('\n').slice(1, 2)}\n`,
    );
  server.fail('check', { kind: 'replace', with: fake });
  assert.match((await host.update()).stderr, /^courier-update: E-ANSWER /);
  server.rotating.add('web01');
  server.fail('register', { kind: 'flip' });
  assert.match((await host.update()).stderr, /^courier-update: E-ANSWER /);
  assert.equal(host.read('state/secret'), before);
});
