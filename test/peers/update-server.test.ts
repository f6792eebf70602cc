/** The simulated update server: what clients are tested against has to be right itself. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { splitEnvelope } from '../../src/sealing/envelope.ts';
import { readRoot } from '../../src/updates/documents/root.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { ask, makeNonce, UpdateClient } from '../updates/update-client.ts';
import {
  keyOf,
  makeRoot,
  reworded,
  sha256,
  toSigningKey,
  trusted,
  writeRoot,
} from './update-documents.ts';
import { hmac, makeAnswer, startUpdateServer } from './update-server.ts';

const token = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const clientNonce = '00112233445566778899aabbccddeeff';
const serverNonce = 'ffeeddccbbaa99887766554433221100';

test('TE-1: the vectors of the page come out of the simulated server', () => {
  const text = `courier-host-secret\nweb01\n${clientNonce}\n${serverNonce}\n`;
  const secret = 'c02229212e393f46d30f4ecf44f94d0ef687bec22956785a301a9642a2655f81';
  assert.equal(hmac(token, text), secret);
  const answer = makeAnswer(token, [
    '/v1/register',
    'web01',
    clientNonce,
    'registered',
    '20261128090000',
    serverNonce,
  ]);
  const mac = '1e8b81fc8ffc6d735f5e3177a3b18a5aa11c3a59fcecc85aeb7d1073e091e31f';
  assert.equal(answer.toString().split('\n').at(-2), `mac ${mac}`);
});

test('TE-1: a host registers, checks, and fetches what it is offered', async (t) => {
  const server = await startUpdateServer(t, { prefix: '/mysite' });
  const { repository } = server;
  const root = repository.addRoot({ servers: [server.url] });
  const pack = Buffer.from('a package');
  const target = repository.offer('web01', pack);
  const client = new UpdateClient(server.url, 'web01');
  const registered = await client.register('token', server.addToken('web01'));
  assert.match(registered.text, /^say registered$/m);
  const stamp = await client.check();
  assert.match(stamp.text, /^decision offer$/m);
  const [, digest = ''] = /^target-sha256 (\S+)$/m.exec(stamp.text) ?? [];
  const fetched = await client.target(digest);
  assert.equal(sha256(fetched.body), digest);
  assert.deepEqual((await client.package(target.package?.sha256 ?? '')).body, pack);
  assert.deepEqual((await client.root(1)).body, root);
  assert.equal((await client.root(2)).status, 404);
  assert.deepEqual(server.kinds, ['register', 'check', 'target', 'package', 'root', 'root']);
});

test('TE-1: a replay, a wrong MAC and an unknown host get nothing', async (t) => {
  const server = await startUpdateServer(t);
  const client = new UpdateClient(server.url, 'web01', server.addHost('web01'));
  const body = client.body('/v1/report', {});
  assert.match((await ask(`${server.url}/v1/report`, 'POST', body)).text, /^say taken$/m);
  assert.match((await ask(`${server.url}/v1/report`, 'POST', body)).text, /^say counter$/m);
  assert.equal((await client.check({ key: token })).status, 403);
  assert.equal((await new UpdateClient(server.url, 'web02', token).check()).status, 403);
});

test('TE-1: each fault spoils as many answers as it is told to, and the next is right', async (t) => {
  const server = await startUpdateServer(t);
  server.repository.addRoot();
  const right = (await ask(`${server.url}/v1/root/1`, 'GET')).body;
  const get = () => ask(`${server.url}/v1/root/1`, 'GET');
  server.fail('root', { kind: 'flip', at: 0 });
  server.fail('root', { kind: 'cut', to: 5 });
  server.fail('root', { kind: 'status', status: 503, retryAfterS: 7 });
  server.fail('root', { kind: 'redirect', to: 'http://127.0.0.1:1/' });
  server.fail('root', { kind: 'replace', with: Buffer.from('other') });
  server.fail('root', { kind: 'slow', everyMs: 0, bytes: 500 });
  server.fail('root', { kind: 'close' }, 2);
  server.fail('root', { kind: 'truncate', after: 10 });
  assert.equal((await get()).body[0], (right[0] ?? 0) ^ 1);
  assert.deepEqual((await get()).body, right.subarray(0, 5));
  const busy = await get();
  assert.deepEqual([busy.status, busy.headers['retry-after']], [503, '7']);
  assert.equal((await get()).headers['location'], 'http://127.0.0.1:1/');
  assert.equal((await get()).text, 'other');
  assert.deepEqual((await get()).body, right);
  for (let times = 0; times < 3; times += 1) await assert.rejects(get());
  assert.deepEqual((await get()).body, right);
});

test('TE-1: openssl believes the documents, by the keys of the root', {
  skip: skipWithout('openssl'),
}, async (t) => {
  const server = await startUpdateServer(t);
  const directory = await makeTempDir(t);
  server.repository.addRoot({ keys: [trusted('root-a', 'root', 'release', 'stamp')] });
  server.repository.stampKeys = ['root-a'];
  const { payload, signatures } = splitEnvelope(
    server.repository.stamp({ host: 'web01', nonce: makeNonce() }),
    ['key'],
  );
  const { der } = keyOf('root-a');
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const files = ['key', 'signature', 'payload'].map((name) => join(directory, name));
  const [keyFile = '', signatureFile = '', payloadFile = ''] = files;
  await writeFile(keyFile, key.export({ type: 'spki', format: 'pem' }));
  await writeFile(signatureFile, signatures[0]?.bytes ?? '');
  await writeFile(payloadFile, payload);
  const args = ['dgst', '-sha256', '-verify', keyFile, '-signature', signatureFile, payloadFile];
  assert.equal(execFileSync('openssl', args).toString(), 'Verified OK\n');
});

test('TE-1: it can also say what no right server would', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const weak = toSigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const root = writeRoot(makeRoot({ keys: [trusted(weak, 'root', 'release', 'stamp')] }));
  await assert.rejects(readRoot(root), { code: 'REFUSED' });
  const shouted = reworded(writeRoot(makeRoot()), 'version 1', 'version ONE');
  await assert.rejects(readRoot(shouted), { code: 'MALFORMED' });
});
