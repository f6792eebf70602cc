/** The update server in the receiver: who gets what. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { splitEnvelope } from '../../src/sealing/envelope.ts';
import { readStamp } from '../../src/updates/documents/stamp.ts';
import { Contacts } from '../../src/updates/server/contacts.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { sha256 } from '../peers/update-documents.ts';
import { hmac } from '../peers/update-server.ts';
import { ask, type UpdateAnswer, UpdateClient } from './update-client.ts';
import { markConfidential, startUpdateSite } from './update-site.ts';

function stampOf({ body }: UpdateAnswer) {
  return readStamp(splitEnvelope(body, ['key']).payload);
}

const refused = [403, 'not allowed (REFUSED)\n'];

test('AU-1: a host registers with its token, checks, and fetches what is published for it', async (t) => {
  const site = await startUpdateSite(t);
  const pack = randomBytes(300_000);
  const published = await site.publish('web01', pack);
  const client = await site.client('web01');
  const stamp = stampOf(await client.check());
  assert.equal(stamp.decision, 'offer');
  assert.equal(stamp.audience, 'host:web01');
  assert.deepEqual(stamp.target, { counter: 1, sha256: published.targetSha256 });
  const target = await client.target(published.targetSha256);
  assert.equal(sha256(target.body), published.targetSha256);
  const fetched = await client.package(published.packageSha256);
  assert.equal(fetched.headers['content-length'], '300000');
  assert.deepEqual(fetched.body, pack);
  assert.match((await client.report({ state: 'installed' })).text, /^say taken$/m);
});

test('AU-1: a token is for one use, one host and a short time', async (t) => {
  const site = await startUpdateSite(t);
  const token = await site.token('web01');
  const thief = new UpdateClient(site.plainUrl, 'web02');
  const asOther = await thief.register('token', token);
  assert.deepEqual([asOther.status, asOther.text], refused);
  const client = new UpdateClient(site.plainUrl, 'web01');
  assert.equal((await client.register('token', token)).status, 200);
  const again = await client.register('token', token);
  assert.deepEqual([again.status, again.text], refused);
  const expired = await new UpdateClient(site.plainUrl, 'web03').register(
    'token',
    await site.token('web03', -1),
  );
  assert.deepEqual([expired.status, expired.text], refused);
});

test('AU-1: the same request again gets the same secret, once the answer was lost', async (t) => {
  const site = await startUpdateSite(t);
  const token = await site.token('web01');
  const nonce = '0'.repeat(32);
  const client = new UpdateClient(site.plainUrl, 'web01');
  await client.register('token', token, nonce);
  const { secret } = client;
  await client.register('token', token, nonce);
  assert.equal(client.secret, secret);
  assert.equal((await client.check()).status, 200);
});

test('AU-5: of two hosts each gets its own, and for all else the same answer', async (t) => {
  const site = await startUpdateSite(t);
  const mine = await site.publish('web01', Buffer.from('mine'));
  const theirs = await site.publish('web02', Buffer.from('theirs'));
  const hosts = { web01: mine, web02: theirs };
  for (const [host, own] of Object.entries(hosts)) {
    const client = await site.client(host);
    for (const [name, { targetSha256, packageSha256 }] of Object.entries(hosts)) {
      const [target, pack] = [
        await client.target(targetSha256),
        await client.package(packageSha256),
      ];
      if (name === host) {
        assert.deepEqual([target.status, pack.status], [200, 200]);
        continue;
      }
      assert.deepEqual([target.status, target.text], refused);
      assert.deepEqual([pack.status, pack.text], refused);
    }
    const absent = await client.target(sha256('nothing'));
    const wrongMac = await client.target(own.targetSha256, { key: 'f'.repeat(64) });
    const stranger = await new UpdateClient(site.plainUrl, 'web09').target(own.targetSha256);
    const replay = client.body(`/v1/target/${own.targetSha256}`, {});
    const url = `${site.plainUrl}/v1/target/${own.targetSha256}`;
    assert.equal((await ask(url, 'POST', replay)).status, 200);
    for (const answer of [absent, wrongMac, stranger, await ask(url, 'POST', replay)]) {
      const { date: _, ...headers } = answer.headers;
      assert.deepEqual([answer.status, answer.text], refused);
      assert.deepEqual(Object.keys(headers).sort(), [
        'connection',
        'content-length',
        'content-type',
      ]);
    }
  }
});

test('AU-6: a replay is refused, and its sender learns the counter only with the secret', async (t) => {
  const site = await startUpdateSite(t);
  const client = await site.client('web01');
  const body = client.body('/v1/report', reportFields);
  const url = `${site.plainUrl}/v1/report`;
  assert.match((await ask(url, 'POST', body)).text, /^say taken$/m);
  const replay = await ask(url, 'POST', body);
  assert.match(replay.text, new RegExp(`^say counter\ncounter ${client.counter}$`, 'm'));
  const signedPart = replay.text.replace(/mac .*\n$/, '');
  assert.equal(replay.text, `${signedPart}mac ${hmac(client.secret, signedPart)}\n`);
});

test('AU-6: a host restored from a snapshot goes on after one answer', async (t) => {
  const site = await startUpdateSite(t);
  const client = await site.client('web01');
  const snapshot = [client.counter, client.previous];
  for (let times = 0; times < 3; times += 1) await client.check();
  [client.counter = 0, client.previous = 0] = snapshot;
  const told = await client.check();
  client.counter = Number(/^counter (\d{14})$/m.exec(told.text)?.[1]);
  assert.equal(stampOf(await client.check()).audience, 'host:web01');
  assert.ok(!site.log.lines.some((line) => line.includes('E-CLONE')));
});

test('AU-6: two machines with one secret are served, and shown as E-CLONE', async (t) => {
  const site = await startUpdateSite(t);
  const contacts = await Contacts.open(site.places, systemClock);
  const first = await site.client('web01');
  const second = new UpdateClient(site.plainUrl, 'web01', first.secret);
  [second.counter, second.previous] = [first.counter, first.previous];
  for (let times = 0; times < 3; times += 1) {
    second.counter = first.counter + 10;
    assert.equal((await second.check()).status, 200);
    first.counter = second.counter + 10;
    assert.equal((await first.check()).status, 200);
  }
  const warnings = site.log.lines.filter((line) => line.includes('E-CLONE'));
  assert.equal(warnings.length, 1);
  const { row } = (await contacts.read(parseHostName('web01'))) ?? {};
  assert.equal(row?.isCloned, true);
  await first.register('secret', first.secret);
  assert.equal((await first.check()).status, 200);
  assert.equal((await second.check()).status, 403);
  assert.equal((await contacts.read(parseHostName('web01')))?.row.isCloned, false);
});

test('AU-7: the host takes another secret by itself, and when it is told to', async (t) => {
  const site = await startUpdateSite(t);
  const client = await site.client('web01');
  await client.check();
  const old = client.secret;
  assert.match((await client.register('secret', old)).text, /^say registered$/m);
  assert.notEqual(client.secret, old);
  assert.equal((await client.check({ key: old })).status, 200);
  assert.equal((await client.check()).status, 200);
  assert.equal((await client.check({ key: old })).status, 403);
});

test('AU-8: failures are limited, and a right request is answered all the same', async (t) => {
  const site = await startUpdateSite(t);
  const client = await site.client('web01');
  const statuses = new Set<number>();
  for (let times = 0; times < 40; times += 1) {
    statuses.add((await client.check({ key: 'f'.repeat(64) })).status);
  }
  assert.deepEqual([...statuses], [403, 429]);
  assert.equal((await client.check()).status, 200);
});

test('TR-6: a confidential package goes over TLS only', async (t) => {
  const site = await startUpdateSite(t);
  const secret = randomBytes(1000);
  const { packageSha256 } = await site.publish('web01', secret);
  await markConfidential(site.places, packageSha256);
  const client = await site.client('web01');
  const refusal = await client.package(packageSha256);
  assert.equal(refusal.status, 426);
  assert.ok(!refusal.body.includes(secret.subarray(0, 16)));
  const overTls = await site.client('web01', site.url);
  assert.deepEqual((await overTls.package(packageSha256)).body, secret);
});

test('TR-6: behind a proxy a confidential package is for hosts that reach it over TLS', async (t) => {
  const site = await startUpdateSite(t);
  const { packageSha256 } = await site.publish('web01', Buffer.from('secret'));
  await markConfidential(site.places, packageSha256);
  const client = await site.client('web01', `http://127.0.0.1:${site.plainPort}`);
  const statuses: number[] = [];
  for (const transport of ['http', 'https']) {
    client.standing = { transport };
    await client.check();
    statuses.push((await client.package(packageSha256)).status);
  }
  assert.deepEqual(statuses, [426, 200]);
});

test('TR-6: without TLS there is nothing but updates, and those only on their listener', async (t) => {
  const site = await startUpdateSite(t);
  const upload = await ask(`${site.plainUrl}/v1/hosts/web01/agent-output`, 'PUT', 'output');
  assert.equal(upload.status, 426);
  assert.equal((await ask(`${site.plainUrl}/v1/root/1`, 'GET')).status, 200);
  assert.equal((await ask(`${site.plainUrl}/mysite/v1/root/1`, 'GET')).status, 200);
  assert.equal((await ask(`${site.plainUrl}/v1/root/2`, 'GET')).status, 404);
});

test('AU-4: what is secret on the site is for the user of the site alone', async (t) => {
  const site = await startUpdateSite(t);
  await (await site.client('web01')).check();
  const { directory, hosts, tokens } = site.places;
  for (const path of [directory, hosts, join(hosts, 'secrets'), tokens]) {
    assert.equal((await stat(path)).mode & 0o077, 0);
  }
  const files = [join(hosts, 'web01.json'), join(hosts, 'secrets', 'web01.json')];
  for (const path of [...files, join(tokens, 'web01.json')]) {
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  }
});

test('ST-1: the receiver counts checks, packages and registrations in its metrics', async (t) => {
  const site = await startUpdateSite(t);
  const metrics = () => ask(`http://127.0.0.1:${site.metricsPort}/metrics`, 'GET');
  assert.doesNotMatch((await metrics()).text, /updates_/);
  const { packageSha256 } = await site.publish('web01', Buffer.from('a package'));
  const client = await site.client('web01');
  await client.check();
  await client.check();
  await client.package(packageSha256);
  // A package counts once all of it is on its way, which its reader may notice first.
  await waitUntil(async () => (await metrics()).text.includes('updates_packages_total 1'));
  const counts = [...(await metrics()).text.matchAll(/^cmk_courier_receiver_(updates_.*)$/gm)];
  assert.deepEqual(
    counts.map(([, line]) => line),
    [
      'updates_checks_total 2',
      'updates_packages_total 1',
      'updates_registrations_total 1',
      'updates_clones_total 0',
    ],
  );
});

const reportFields = {
  platform: 'linux-tgz',
  'installed-hash': '-',
  'installed-counter': '0',
  'root-version': '1',
  state: 'idle',
  updater: '1',
  time: '20261128090000',
  transport: 'http',
  refused: '-',
  code: '-',
  error: '',
};
