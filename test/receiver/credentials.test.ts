/** Who gets in, and what those who do not get in cannot do to the others. */

import assert from 'node:assert/strict';
import { randomBytes, scryptSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { idsOfToken } from '../../src/receiver/hashing.ts';
import { start } from '../helpers/run-program.ts';
import { exchange, type Reply, register } from '../peers/controller-client.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

function upload(
  running: RunningReceiver,
  authorization: string,
  { host = 'web01', from = '127.0.0.1' } = {},
): Promise<Reply> {
  const path = `/v1/hosts/${host}/agent-output`;
  const message = { method: 'PUT', path, headers: { authorization }, body: goodOutput };
  const tls = { rejectUnauthorized: false, localAddress: from };
  return exchange({ port: running.port, site }, message, tls);
}

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

async function statusesOf(replies: readonly Promise<Reply>[]): Promise<readonly number[]> {
  return (await Promise.all(replies)).map(({ status }) => status);
}

test('a thousand senders behind one address get in within a second of a restart, beside as many strangers', {
  timeout: 120_000,
}, async (t) => {
  const running = await startReceiver(t, { failureRate: ['10'], senderUploadRate: ['30'] });
  const tokens = await Promise.all(
    Array.from({ length: 1000 }, (_, n) => running.makeAccess({ hosts: [`host${n}`] })),
  );
  const file = join(running.directory, 'tokens.json');
  await writeFile(file, JSON.stringify(tokens));
  const program = fileURLToPath(new URL('../fixtures/programs/many-senders.ts', import.meta.url));
  const { stdout, stderr } = await start(process.execPath, [program, String(running.port), file])
    .ended;
  const { good, bad } = JSON.parse(stdout.toString() || '{}');
  assert.deepEqual(good, { 204: 1000 }, stderr.toString());
  assert.equal(bad[401] + bad[429], 1000);
  assert.equal(await running.readOutput('host999'), '<<<check_mk>>>\nVersion: 2.4.0p1\n');
});

test('who guesses is told to slow down, and keeps no token out, also from the same address', async (t) => {
  const running = await startReceiver(t, { failureRate: ['10'] });
  const guesses: Reply[] = [];
  for (let n = 0; n < 12; n += 1) guesses.push(await upload(running, `Bearer guess-${n}`));
  assert.deepEqual(
    guesses.map(({ status }) => status),
    [...Array(10).fill(401), 429, 429],
  );
  assert.equal(guesses[0]?.body.toString(), 'these credentials are not accepted (REFUSED)\n');
  assert.equal(
    guesses[11]?.body.toString(),
    'these credentials are not accepted; there were too many failed attempts, come again in 6s (REFUSED)\n',
  );
  const tokens = await Promise.all(Array.from({ length: 20 }, () => running.makeAccess({})));
  const served = await statusesOf(tokens.map((token) => upload(running, `Bearer ${token}`)));
  assert.deepEqual(served, Array(20).fill(204));
  const password = await running.makeAccess({ kind: 'user', name: 'ansible' });
  assert.equal((await upload(running, basic('ansible', password))).status, 204);
});

test('a right password gets in beside a flood of wrong ones for the same user, from anywhere', async (t) => {
  const running = await startReceiver(t, { failureRate: ['3'] });
  const password = await running.makeAccess({ kind: 'user', name: 'ansible' });
  const wrong = Array.from({ length: 10 }, (_, n) => upload(running, basic('ansible', `no-${n}`)));
  const strange = Array.from({ length: 10 }, (_, n) => upload(running, basic(`user${n}`, 'no')));
  const right = [
    upload(running, basic('ansible', password), { host: 'web02' }),
    upload(running, basic('ansible', password), { host: 'web03', from: '127.0.0.7' }),
  ];
  assert.deepEqual(await statusesOf(right), [204, 204]);
  const refused = await statusesOf([...wrong, ...strange]);
  assert.deepEqual([...new Set(refused)].sort(), [401, 429]);
  assert.equal(refused.filter((status) => status === 401).length, 3 + 10);
});

test('a hundred hosts that share a user cost one slow hash', async (t) => {
  const running = await startReceiver(t);
  const password = await running.makeAccess({ kind: 'user', name: 'ansible' });
  const replies = Array.from({ length: 100 }, (_, n) =>
    upload(running, basic('ansible', password), { host: `web${n}` }),
  );
  assert.deepEqual(await statusesOf(replies), Array(100).fill(204));
});

/** As tokens were kept before they had ids: found by a hash, checked with another, slow one. */
async function makeOldToken(running: RunningReceiver): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  const salt = randomBytes(16);
  const hash = scryptSync(token, salt, 32, { N: 2048, r: 8, p: 1 });
  const record = {
    kind: 'upload',
    id: idsOfToken(token).hashed,
    hosts: ['*'],
    piggyback: [],
    rights: ['upload'],
    mode: 'push-agent',
    hash: `scrypt:2048:8:1:${salt.toString('base64url')}:${hash.toString('base64url')}`,
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
  };
  await writeFile(recordOf(running, token), JSON.stringify(record));
  return token;
}

function recordOf(running: RunningReceiver, token: string): string {
  return `${running.directory}/state/access/token-${idsOfToken(token).hashed}.json`;
}

test('tokens of before get in, all at once, and have a fast hash from then on', async (t) => {
  const running = await startReceiver(t);
  const tokens: string[] = [];
  for (let n = 0; n < 150; n += 1) tokens.push(await makeOldToken(running));
  const [token = ''] = tokens;
  const { id } = JSON.parse(await readFile(recordOf(running, token), 'utf8'));
  const impostor = await upload(running, `Bearer ${id}.${'x'.repeat(32)}`);
  assert.equal(impostor.status, 401);
  for (const round of [1, 2]) {
    const replies = tokens.map((one, n) => upload(running, `Bearer ${one}`, { host: `web${n}` }));
    assert.deepEqual(await statusesOf(replies), Array(150).fill(204), `round ${round}`);
    const { hash, hosts } = JSON.parse(await readFile(recordOf(running, token), 'utf8'));
    assert.match(hash, /^hmac-sha256:/);
    assert.deepEqual(hosts, ['*']);
  }
  assert.equal((await upload(running, `Bearer ${id}.${'x'.repeat(32)}`)).status, 401);
});

test('an old token that is revoked while it is checked is not there again', async (t) => {
  const running = await startReceiver(t);
  const token = await makeOldToken(running);
  const access = await running.accesses.token(token);
  assert.ok(access !== undefined);
  await running.accesses.remove(access);
  await running.accesses.rehash(access, 'hmac-sha256:x:y');
  assert.deepEqual(await running.accesses.list(), []);
});

test('who holds a token that has expired is told so; who only guesses is not', async (t) => {
  const running = await startReceiver(t);
  const now = Date.UTC(2026, 0, 1);
  const token = await running.makeAccess({ now, validMs: 1000 });
  assert.deepEqual(
    (await upload(running, `Bearer ${token}`)).body.toString(),
    [
      'these credentials have expired: they were good until 2026-01-01T00:00:01.000Z (REFUSED)\n',
    ].join(''),
  );
  const guess = await upload(running, `Bearer ${token.slice(0, -1)}!`);
  assert.equal(guess.body.toString(), 'these credentials are not accepted (REFUSED)\n');
});

test('registrations that work have no limit; those that fail are told when to come again', async (t) => {
  const running = await startReceiver(t, { registrationRate: ['2'] });
  const place = { port: running.port, site };
  const password = await running.makeAccess({ kind: 'user', name: 'admin', hosts: ['web*'] });
  const credential = { user: 'admin', password };
  for (let n = 0; n < 5; n += 1) await register(place, credential, `web0${n}`);
  const said: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    await register(place, credential, 'db01').catch(({ message }) => said.push(message));
  }
  assert.deepEqual(said, [
    'Request failed with code 403: not allowed to register this host (REFUSED)',
    'Request failed with code 403: not allowed to register this host (REFUSED)',
    'Request failed with code 429: not allowed to register this host; there were too many failed registrations, come again in 30s (REFUSED)',
  ]);
  await register(place, credential, 'web09');
});
