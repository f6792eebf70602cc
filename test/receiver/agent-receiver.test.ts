import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { makeSigningRequest } from '../helpers/signing-request.ts';
import {
  type Connection,
  exchange,
  type Message,
  makeKeys,
  push,
  type Reply,
  readStatus,
  register,
  renew,
  tlsOf,
  toPushMessage,
  trustAnything,
} from '../peers/controller-client.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

const newer = Buffer.concat([goodOutput, Buffer.from('<<<df>>>\n')]);

async function startWithUser(t: Parameters<typeof startReceiver>[0]) {
  const running = await startReceiver(t);
  const password = await running.makeAccess({ kind: 'user', name: 'admin', hosts: ['*'] });
  const place = { port: running.port, site };
  const credential = { user: 'admin', password };
  return { running, place, credential, headers: basic('admin', password) };
}

function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

/** Status and what `detail` says. */
function said({ status, body }: Reply): readonly [number, unknown] {
  return [status, JSON.parse(body.toString()).detail];
}

const post = (path: string, content: unknown, headers: Record<string, string> = {}): Message => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json', ...headers },
  body: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
});

for (const kind of ['rsa', 'ec'] as const) {
  test(`a controller with ${kind} keys registers, pushes, asks, renews, and both certificates work`, async (t) => {
    const { running, place, credential } = await startWithUser(t);
    const connection = await register(place, credential, 'web01', { kind });
    assert.equal(connection.mode, 'push-agent');
    await push(place, connection, goodOutput);
    assert.equal(await running.readOutput('web01'), goodOutput.toString());
    assert.deepEqual(await readStatus(place, connection), {
      status: 'Registered',
      hostname: 'web01',
      mode: 'push-agent',
    });
    const renewed = await renew(place, connection);
    assert.notEqual(renewed.cert, connection.cert);
    await push(place, renewed, newer);
    assert.equal(await running.readOutput('web01'), newer.toString());
    await push(place, connection, goodOutput);
    assert.equal(await running.readOutput('web01'), goodOutput.toString());
    assert.deepEqual(running.refusals(), []);
    const serials = (await running.hosts.byName('web01'))?.certificates.map(({ serial }) => serial);
    const given = [connection, renewed].map(({ cert }) => new X509Certificate(cert).serialNumber);
    assert.deepEqual(
      serials?.map((serial) => serial.toUpperCase()),
      given,
    );
  });
}

test('a one-time token registers one host once, however many try at the same time', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const token = await running.makeAccess({ kind: 'registration', hosts: ['web*'] });
  await assert.rejects(register(place, { token }, 'db01'), { status: 403 });
  const tries = [1, 2, 3, 4].map((n) => register(place, { token }, `web0${n}`));
  const done = await Promise.allSettled(tries);
  assert.equal(done.filter(({ status }) => status === 'fulfilled').length, 1);
  await assert.rejects(register(place, { token }, 'web09'), { status: 401 });
  assert.equal((await running.hosts.list()).length, 1);
  for (const bad of ['no-colon', '0:', `1:${randomUUID()}`]) {
    await assert.rejects(register(place, { token: bad }, 'web01'), { status: 401 });
  }
});

test('a password may hold colons and any letters', async (t) => {
  const running = await startReceiver(t);
  const { hashPassword } = await import('../../src/receiver/hashing.ts');
  const { writeFile } = await import('node:fs/promises');
  await running.makeAccess({ kind: 'user', name: 'admin' });
  const [access] = await running.accesses.list();
  const hash = await hashPassword('pä:ss: 日本');
  const path = `${running.directory}/state/access/user-admin.json`;
  await writeFile(path, JSON.stringify({ ...access, hash }));
  const place = { port: running.port, site };
  const connection = await register(place, { user: 'admin', password: 'pä:ss: 日本' }, 'web01');
  assert.equal(connection.mode, 'push-agent');
});

test('registering again with a new UUID ends the old one, whose certificate learns so', async (t) => {
  const { place, credential } = await startWithUser(t);
  const first = await register(place, credential, 'web01');
  const second = await register(place, credential, 'web01');
  await push(place, second, goodOutput);
  await assert.rejects(push(place, first, newer), { status: 403 });
  await assert.rejects(renew(place, first), { status: 403 });
  assert.deepEqual(await readStatus(place, first), { status: 'NotRegistered' });
});

test('a UUID that stands for one host is never given to another', async (t) => {
  const { running, place, credential, headers } = await startWithUser(t);
  const victim = await register(place, credential, 'web01');
  const { uuid } = victim;
  await assert.rejects(register(place, credential, 'web02', { uuid }), { status: 403 });
  const { csr } = await makeKeys({ uuid });
  const messages = [
    post('pairing', { csr }, headers),
    post('register_with_hostname', { uuid, host_name: 'web02' }, headers),
    post('register_new', { uuid, csr, agent_labels: { 'cmk/hostname-simple': 'web02' } }, headers),
  ];
  for (const message of messages) {
    const reply = await exchange(place, message, trustAnything);
    assert.deepEqual(said(reply), [403, 'this UUID is registered for another host (REFUSED)']);
  }
  assert.deepEqual(
    (await running.hosts.list()).map(({ host }) => host),
    ['web01'],
  );
});

test('a pull host gets its certificate and may renew, but not push', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const token = await running.makeAccess({ kind: 'registration', mode: 'pull-agent' });
  const connection = await register(place, { token }, 'web01');
  assert.equal(connection.mode, 'pull-agent');
  await assert.rejects(push(place, connection, goodOutput), { status: 403 });
  await renew(place, connection);
  const status = await readStatus(place, connection);
  assert.deepEqual(status, { status: 'Registered', hostname: 'web01', mode: 'pull-agent' });
});

test('registrations that are not right are refused, in one text each', async (t) => {
  const { running, place, headers } = await startWithUser(t);
  const { uuid, csr } = await makeKeys();
  const good = { uuid, csr, host_name: 'web01' };
  const other = randomUUID();
  const twoNames = makeSigningRequest(
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
    [uuid, other],
  );
  const small = makeSigningRequest(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, [
    uuid,
  ]);
  const none = { authorization: 'Basic' };
  const cases: readonly (readonly [number, unknown, Record<string, string>])[] = [
    [401, good, {}],
    [401, good, none],
    [401, good, basic('admin', 'wrong')],
    [401, good, basic('nobody', 'wrong')],
    [422, 'no JSON', headers],
    [422, { ...good, uuid: 'x' }, headers],
    [422, { uuid, csr }, headers],
    [422, { ...good, csr: 'x' }, headers],
    [422, { ...good, csr: twoNames }, headers],
    [422, { ...good, csr: small }, headers],
    [400, { ...good, uuid: other }, headers],
    [413, { ...good, pad: 'x'.repeat(70_000) }, headers],
    ...['', '.', '...', '../web', 'a/b', '/etc', 'web 1', 'ä'].map(
      (host_name) => [400, { ...good, host_name }, headers] as const,
    ),
  ];
  for (const [status, content, sent] of cases) {
    const reply = await exchange(place, post('register_existing', content, sent), trustAnything);
    const [got, detail] = said(reply);
    assert.equal(got, status, JSON.stringify(content).slice(0, 100));
    assert.equal(typeof detail, 'string');
  }
  assert.deepEqual(await running.hosts.list(), []);
  assert.equal(running.refusals().length, cases.length);
});

async function pushWith(
  running: RunningReceiver,
  connection: Connection,
  change: (message: Message) => Message,
): Promise<Reply> {
  const message = change(toPushMessage(connection.uuid, goodOutput));
  return exchange({ port: running.port, site }, message, tlsOf(connection));
}

/** The same multipart body around other data. */
function around(part: Buffer): (message: Message) => Message {
  return ({ body = Buffer.alloc(0), ...rest }) => {
    const packed = deflateSync(goodOutput);
    const at = body.indexOf(packed);
    const after = body.subarray(at + packed.length);
    return { ...rest, body: Buffer.concat([body.subarray(0, at), part, after]) };
  };
}

function withHeaders(headers: Record<string, string>): (message: Message) => Message {
  return (message) => ({ ...message, headers: { ...message.headers, ...headers } });
}

function withoutCompression({ headers = {}, ...message }: Message): Message {
  const { compression: _, ...rest } = headers;
  return { ...message, headers: rest };
}

function withText(from: string, to: string): (message: Message) => Message {
  return ({ body = Buffer.alloc(0), ...rest }) => {
    return { ...rest, body: Buffer.from(body.toString('latin1').replace(from, to), 'latin1') };
  };
}

/** The part comes twice. */
function doubled({ body = Buffer.alloc(0), ...rest }: Message): Message {
  const end = body.lastIndexOf('--\r\n');
  const again = body.subarray(body.indexOf('\r\n'));
  return { ...rest, body: Buffer.concat([body.subarray(0, end), again]) };
}

function cut({ body = Buffer.alloc(0), ...rest }: Message): Message {
  return { ...rest, body: body.subarray(0, -30) };
}

const wrongPushes: readonly (readonly [number, (message: Message) => Message])[] = [
  [400, (message) => ({ ...message, path: `agent_data/${randomUUID()}` })],
  [400, (message) => ({ ...message, path: 'agent_data/no-uuid' })],
  [400, withHeaders({ compression: 'gzip' })],
  [422, withoutCompression],
  [422, withHeaders({ 'content-type': 'application/octet-stream' })],
  [422, withHeaders({ 'content-type': 'multipart/form-data; boundary=other' })],
  [422, cut],
  [422, withText('monitoring_data', 'something')],
  [422, doubled],
  [400, around(Buffer.from('garbage'))],
  [400, around(gzipSync(goodOutput))],
  [400, around(deflateSync(goodOutput).subarray(0, 20))],
  [400, around(deflateSync(Buffer.from('<html></html>')))],
  [405, (message) => ({ ...message, method: 'PUT' })],
  [404, (message) => ({ ...message, path: 'something' })],
];

test('pushes that are not right are refused, and the reply to a right one is empty', async (t) => {
  const { running, place, credential } = await startWithUser(t);
  const connection = await register(place, credential, 'web01');
  const right = await pushWith(running, connection, (message) => message);
  assert.deepEqual([right.status, right.body.length], [204, 0]);
  const typed = withText('\r\n\r\n', '\r\nContent-Type: application/octet-stream\r\n\r\n');
  assert.equal((await pushWith(running, connection, typed)).status, 204);
  for (const [n, [status, change]] of wrongPushes.entries()) {
    const reply = await pushWith(running, connection, change);
    assert.equal(reply.status, status, `case ${n}: ${reply.body}`);
    assert.equal(typeof said(reply)[1], 'string');
  }
});

test('controllers of 2.1 pair, then name their host, and ask for their status in their way', async (t) => {
  const { running, place, headers } = await startWithUser(t);
  const { uuid, key, csr } = await makeKeys();
  const paired = await exchange(place, post('pairing', { csr }, headers), trustAnything);
  assert.equal(paired.status, 200);
  const { root_cert: rootCert, client_cert: cert } = JSON.parse(paired.body.toString());
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const connection: Connection = { uuid, rootCert, cert, key: pem, mode: 'push-agent' };
  const ask = () =>
    exchange(place, { method: 'GET', path: `registration_status/${uuid}` }, tlsOf(connection));
  assert.equal((await ask()).status, 404);
  const named = post('register_with_hostname', { uuid, host_name: 'web01' }, headers);
  const reply = await exchange(place, named, trustAnything);
  assert.deepEqual([reply.status, reply.body.length], [204, 0]);
  assert.deepEqual(JSON.parse((await ask()).body.toString()), {
    hostname: 'web01',
    status: null,
    connection_mode: 'push-agent',
    message: null,
    type: 'push-agent',
  });
  await push(place, connection, goodOutput);
  assert.equal(await running.readOutput('web01'), goodOutput.toString());
});

test('there is never another agent to install', async (t) => {
  const { place, credential } = await startWithUser(t);
  const connection = await register(place, credential, 'web01');
  const message = post(`agent_update/status/${connection.uuid}`, {
    platform: 'linux_deb',
    installed_aghash: 'x',
    last_error: null,
  });
  const reply = await exchange(place, message, tlsOf(connection));
  assert.deepEqual([reply.status, reply.body.toString()], [200, '{"target_agent":null}']);
});
