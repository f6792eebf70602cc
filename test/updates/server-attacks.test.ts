/** The update server under attack, under load, and after a crash. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startTcpProxy } from '../helpers/tcp-proxy.ts';
import { hmac } from '../peers/update-server.ts';
import { ask, makeNonce, UpdateClient } from './update-client.ts';
import { startUpdateSite } from './update-site.ts';

test('AU-3: neither token nor secret, nor what is made of them, is in any byte that travels', async (t) => {
  const site = await startUpdateSite(t);
  const { targetSha256, packageSha256 } = await site.publish('web01', Buffer.from('a package'));
  const answers: Buffer[] = [];
  const proxy = await startTcpProxy(site.updatesPort ?? 0, (piece) => void answers.push(piece));
  t.after(() => proxy.close());
  const client = new UpdateClient(`http://127.0.0.1:${proxy.port}`, 'web01');
  const requests: string[] = [];
  const { post } = client;
  client.post = (path, fields, asking = {}) =>
    post.call(client, path, fields, {
      ...asking,
      spoil: (body) => {
        requests.push(`POST ${path} ${body}`);
        return body;
      },
    });
  const token = await site.token('web01');
  await client.register('token', token);
  const secrets = [token, client.secret];
  await client.check();
  await client.register('secret', client.secret);
  secrets.push(client.secret);
  await client.check();
  await client.target(targetSha256);
  await client.package(packageSha256);
  await client.report();
  const traffic = Buffer.concat([...answers, Buffer.from(requests.join('\n'))]);
  assert.ok(traffic.includes('say registered') && traffic.includes('a package'));
  for (const secret of secrets) {
    const raw = Buffer.from(secret, 'hex');
    const padded = Buffer.from(secret).map((byte) => byte ^ 0x36);
    for (const form of [secret, secret.toUpperCase(), raw, raw.toString('base64'), padded]) {
      assert.ok(!traffic.includes(form));
    }
  }
});

test('AU-6: a counter does not fall when the record of a host is lost or damaged', async (t) => {
  const site = await startUpdateSite(t);
  const client = await site.client('web01');
  const body = client.body('/v1/check', client.standingFields);
  const url = `${site.plainUrl}/v1/check`;
  const record = join(site.places.hosts, 'web01.json');
  assert.match((await ask(url, 'POST', body)).text, /^decision none$/m);
  for (const damage of [
    () => truncate(record, 20),
    () => truncate(record, 0),
    () => writeFile(record, '{}'),
  ]) {
    await damage();
    assert.match((await ask(url, 'POST', body)).text, /^say counter$/m);
  }
  client.counter = 90_000_000_000_000;
  assert.match((await client.check()).text, /^decision none$/m);
});

test('AU-6: an answered request is no fresh one for the next start of the receiver', async (t) => {
  const site = await startUpdateSite(t);
  const client = await site.client('web01');
  const body = client.body('/v1/check', client.standingFields);
  assert.equal((await ask(`${site.plainUrl}/v1/check`, 'POST', body)).status, 200);
  const { updatesPort } = await site.restart();
  const again = await ask(`http://127.0.0.1:${updatesPort}/v1/check`, 'POST', body);
  assert.match(again.text, new RegExp(`^say counter\ncounter ${client.counter}$`, 'm'));
});

test('AU-6: of the same request many times at once one is taken', async (t) => {
  const site = await startUpdateSite(t);
  const client = await site.client('web01');
  const body = client.body('/v1/report', client.standingFields);
  const url = `${site.plainUrl}/v1/report`;
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(url, 'POST', body)));
  const words = answers.map(({ text }) => /^say (\S+)$/m.exec(text)?.[1]);
  assert.deepEqual(words.sort(), [...Array(19).fill('counter'), 'taken']);
});

test('AU-1: of many registrations at once with one token one is taken', async (t) => {
  const site = await startUpdateSite(t);
  const token = await site.token('web01');
  const clients = Array.from({ length: 10 }, () => new UpdateClient(site.plainUrl, 'web01'));
  const answers = await Promise.all(clients.map((client) => client.register('token', token)));
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, ...Array(9).fill(403)]);
  const taken = clients[answers.findIndex(({ status }) => status === 200)];
  assert.equal((await taken?.check())?.status, 200);
});

test('AU-3: an answer is bound to its path, host and nonce', async (t) => {
  const site = await startUpdateSite(t);
  const client = await site.client('web01');
  const nonce = makeNonce();
  const { text } = await client.report({}, { change: { nonce } });
  const lines = text.split('\n');
  assert.deepEqual(lines.slice(0, 7), [
    'format cmk-courier-answer/1',
    'path /v1/report',
    'host web01',
    `nonce ${nonce}`,
    'say taken',
    `counter ${client.counter}`,
    'server-nonce -',
  ]);
  assert.equal(lines[7], `mac ${hmac(client.secret, `${lines.slice(0, 7).join('\n')}\n`)}`);
});

test('AU-3: a request for one path is good for no other, nor with another body', async (t) => {
  const site = await startUpdateSite(t);
  const client = await site.client('web01');
  const body = client.body('/v1/check', client.standingFields);
  assert.equal((await ask(`${site.plainUrl}/v1/report`, 'POST', body)).status, 403);
  const changed = body.replace('state=new', 'state=off');
  assert.equal((await ask(`${site.plainUrl}/v1/check`, 'POST', changed)).status, 403);
  assert.equal((await ask(`${site.plainUrl}/mysite/v1/check`, 'POST', body)).status, 200);
});

test('TR-5: a form that is too large, too slow or no form is refused', async (t) => {
  const site = await startUpdateSite(t, { stallTimeout: ['300ms'], headerTimeout: ['500ms'] });
  const url = `${site.plainUrl}/v1/check`;
  assert.equal((await ask(url, 'POST', 'x'.repeat(4097))).status, 413);
  assert.equal((await ask(url, 'POST', 'x'.repeat(4096))).status, 400);
  assert.equal((await ask(url, 'GET')).status, 405);
  const socket = connect(site.updatesPort ?? 0, '127.0.0.1');
  socket.write('POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhost=');
  const [answer] = await once(socket, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 408 /);
  socket.destroy();
});

test('TR-5: hosts that read nothing of their packages keep no memory and no other host out', async (t) => {
  const site = await startUpdateSite(t, { drainTimeout: ['500ms'] });
  const pack = randomBytes(32 * 1024 * 1024);
  const { packageSha256 } = await site.publish('web01', pack);
  await site.publish('web02', Buffer.from('small'));
  const client = await site.client('web01');
  const before = process.memoryUsage().arrayBuffers;
  const sockets = [1, 2].map(() => {
    const body = client.body(`/v1/package/${packageSha256}`, {});
    const socket = connect(site.updatesPort ?? 0, '127.0.0.1');
    socket.pause();
    socket.write(
      `POST /v1/package/${packageSha256} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'readable')));
  assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024);
  const third = await client.package(packageSha256);
  assert.deepEqual([third.status, third.headers['retry-after']], [429, '10']);
  const other = await site.client('web02');
  assert.equal((await other.check()).status, 200);
  for (const socket of sockets) socket.destroy();
  // The slots come back with the connections.
  for (;;) {
    const again = await client.package(packageSha256);
    if (again.status === 200) break;
    assert.equal(again.status, 429);
    if (again.headers['retry-after'] !== '10') break;
  }
  // Nor does one that went away in the midst of it count as under way for ever.
  await site.receiver.stop();
  assert.deepEqual(
    site.log.lines.filter((line) => line.includes('cut off')),
    [],
  );
});

test('AU-5: what is withdrawn or switched off is fetched no more', async (t) => {
  const site = await startUpdateSite(t);
  const { targetSha256, packageSha256 } = await site.publish('web01', Buffer.from('a package'));
  const client = await site.client('web01');
  await site.turn(false);
  assert.equal((await client.target(targetSha256)).status, 403);
  assert.equal((await client.package(packageSha256)).status, 403);
  await site.turn(true);
  assert.equal((await client.target(targetSha256)).status, 200);
  await site.publish('web01', Buffer.from('another package'));
  assert.equal((await client.target(targetSha256)).status, 403);
});

test('TE-1: without updates the receiver answers as if there were no such paths', async (t) => {
  const { startReceiver } = await import('../receiver/running-receiver.ts');
  const { plainPort } = await startReceiver(t);
  const answer = await ask(`http://127.0.0.1:${plainPort}/v1/root/1`, 'GET');
  assert.deepEqual(
    [answer.status, answer.text],
    [404, 'there are no agent updates here (USAGE)\n'],
  );
});

test('TR-5: what is wrong on the site is told in its log, and the host comes again', async (t) => {
  const site = await startUpdateSite(t);
  const client = await site.client('web01');
  await writeFile(site.places.switch, 'damaged');
  const answer = await client.check();
  assert.deepEqual(
    [answer.status, answer.headers['retry-after'], answer.text],
    [503, '60', 'updates cannot be answered at the moment (LOCAL)\n'],
  );
  const line = site.log.lines.find((one) => one.includes('updates cannot be answered'));
  for (const part of ['warn ', site.places.switch, "updatesOf: 'web01'"]) {
    assert.ok(line?.includes(part));
  }
});
