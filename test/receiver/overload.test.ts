/** Slow, idle and too many senders: each has its limit, and the others are served meanwhile. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { startScript } from '../helpers/run-script.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { exchange, type Message, push, register } from '../peers/controller-client.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

const trust = { rejectUnauthorized: false };

function upload(token: string, body = goodOutput, host = 'web01'): Message {
  const path = `/v1/hosts/${host}/agent-output`;
  return { method: 'PUT', path, headers: { authorization: `Bearer ${token}` }, body };
}

async function open(
  running: RunningReceiver,
  options: ConnectionOptions & { readonly localAddress?: string } = {},
): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: running.port, ...trust, ...options });
  socket.setEncoding('utf8').on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

/** All that comes until the connection is closed. */
async function readToEnd(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  // Not once(), which takes a reset for a failure.
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

/** A request that begins and never ends. */
function beginUpload(socket: TLSSocket, token: string, start = '<<<check_mk>>>\n'): void {
  socket.write(
    `PUT /v1/hosts/slow/agent-output HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100000\r\n\r\n${start}`,
  );
}

test('a sender that stops half-way gets 408, and its place is free again', async (t) => {
  const running = await startReceiver(t, { stallTimeout: ['1s'], maxUploads: ['1'] });
  const token = await running.makeAccess({});
  const place = { port: running.port, site };
  const socket = await open(running);
  beginUpload(socket, token);
  await waitUntil(() => running.receiver.load.uploads > 0);
  const meanwhile = await exchange(place, upload(token), trust);
  assert.equal(meanwhile.status, 503);
  assert.match(await readToEnd(socket), /^HTTP\/1\.1 408 [\s\S]*\(TIMEOUT\)\n$/);
  assert.equal((await exchange(place, upload(token), trust)).status, 204);
  assert.equal(running.refusals().length, 2);
});

test('a sender that drips is ended when its time is over', async (t) => {
  const running = await startReceiver(t, { stallTimeout: ['10s'], requestTimeout: ['500ms'] });
  const socket = await open(running);
  beginUpload(socket, await running.makeAccess({}));
  const drip = setInterval(() => socket.write('x'), 50);
  socket.once('close', () => clearInterval(drip));
  // Whose bytes are still on their way when it is cut off may not see the answer.
  assert.match(await readToEnd(socket), /^(?:HTTP\/1\.1 408 |$)/);
  assert.match(running.refusals().join(''), /too-slow/);
  assert.equal(await running.readOutput('slow'), undefined);
});

test('who does not begin a header, or makes a handshake only, is cut off without a word in the log', async (t) => {
  const running = await startReceiver(t, { headerTimeout: ['500ms'] });
  assert.equal(await readToEnd(await open(running)), '');
  const shy = await open(running);
  shy.destroy();
  assert.equal(running.log.lines.length, 1);
});

test('more than is allowed a minute gets 429 and when to come again, each sender for itself', async (t) => {
  const running = await startReceiver(t, { senderUploadRate: ['2'] });
  const place = { port: running.port, site };
  const [one, two] = [await running.makeAccess({}), await running.makeAccess({})];
  const statuses: number[] = [];
  for (const message of [
    upload(one),
    upload(one),
    upload(one),
    upload(one, goodOutput, 'web02'),
    upload(two),
  ]) {
    statuses.push((await exchange(place, message, trust)).status);
  }
  assert.deepEqual(statuses, [204, 204, 429, 204, 204]);
  const socket = await open(running);
  socket.write(
    `PUT /v1/hosts/web01/agent-output HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${one}\r\nContent-Length: 0\r\n\r\n`,
  );
  assert.match(await readToEnd(socket), /^HTTP\/1\.1 429 [\s\S]*\r\nretry-after: \d+\r\n/);
});

test('too much is refused before it is sent, or where it gets too much', async (t) => {
  const running = await startReceiver(t, { maxRequest: ['100kB'], maxSize: ['50kB'] });
  const place = { port: running.port, site };
  const token = await running.makeAccess({});
  for (const bytes of [60_000, 200_000, 20_000_000]) {
    const message = upload(token, Buffer.alloc(bytes, '<<<a>>>\n'));
    const reply = await exchange(place, message, trust).catch((error) => error);
    // Who goes on sending for long is cut off, and then may not see the answer.
    if (!(reply instanceof Error)) assert.equal(reply.status, 413);
    else assert.equal(bytes, 20_000_000);
  }
  const socket = await open(running);
  socket.write(
    `PUT /v1/hosts/web01/agent-output HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`,
  );
  const [go] = await once(socket, 'data');
  assert.match(String(go), /^HTTP\/1\.1 100 /);
  socket.write(`20000\r\n${'x'.repeat(0x20000)}\r\n`);
  assert.match(await readToEnd(socket), /^HTTP\/1\.1 413 /);
});

test('who waits to be told to go on is refused without having sent anything', async (t) => {
  const running = await startReceiver(t);
  const socket = await open(running);
  socket.write(
    'PUT /v1/hosts/web01/agent-output HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 99999\r\nExpect: 100-continue\r\n\r\n',
  );
  assert.match(await readToEnd(socket), /^HTTP\/1\.1 401 /);
});

test('when memory for requests is used up, further ones get 503, and it comes back', async (t) => {
  const running = await startReceiver(t, { maxMemory: ['150kB'], stallTimeout: ['2s'] });
  const place = { port: running.port, site };
  const token = await running.makeAccess({});
  const socket = await open(running);
  beginUpload(socket, token, '<<<a>>>\n'.repeat(10_000));
  await waitUntil(() => running.receiver.load.bytes === 80_000);
  const big = upload(token, Buffer.alloc(70_000, '<<<a>>>\n'));
  assert.equal((await exchange(place, big, trust)).status, 503);
  assert.match(await readToEnd(socket), /^HTTP\/1\.1 408 /);
  assert.equal((await exchange(place, big, trust)).status, 204);
});

test('one sender has only so many uploads of a host under way, which stops no other', async (t) => {
  const running = await startReceiver(t, { senderUploads: ['1'], stallTimeout: ['1s'] });
  const place = { port: running.port, site };
  const token = await running.makeAccess({});
  const socket = await open(running);
  beginUpload(socket, token);
  await waitUntil(() => running.receiver.load.uploads > 0);
  const same = await exchange(place, upload(token, goodOutput, 'slow'), trust);
  const other = await exchange(place, upload(token, goodOutput, 'web01'), trust);
  assert.deepEqual([same.status, other.status], [429, 204]);
  socket.destroy();
  await waitUntil(() => running.receiver.load.uploads === 0);
  assert.equal((await exchange(place, upload(token, goodOutput, 'slow'), trust)).status, 204);
});

test('of too many connections of one address the one idle longest goes, and none that works', async (t) => {
  const running = await startReceiver(t, { addressConnections: ['2'] });
  const busy = await open(running);
  beginUpload(busy, await running.makeAccess({}));
  await waitUntil(() => running.receiver.load.uploads > 0);
  const idle = await open(running);
  // Not once(), which takes a reset for a failure.
  const gone = new Promise((resolve) => idle.on('close', resolve));
  idle.resume();
  const newest = await open(running);
  await gone;
  assert.deepEqual([busy.destroyed, newest.destroyed], [false, false]);
  const elsewhere = await open(running, { localAddress: '127.0.0.9' });
  assert.equal(running.receiver.connections, 3);
  for (const socket of [busy, newest, elsewhere]) socket.destroy();
});

test('when there is no room at all, one goes of the address that has most', async (t) => {
  const running = await startReceiver(t, { maxConnections: ['4'] });
  const quiet = await open(running, { localAddress: '127.0.0.8' });
  const crowd: TLSSocket[] = [];
  for (let n = 0; n < 3; n += 1) crowd.push(await open(running, { localAddress: '127.0.0.9' }));
  const gone = crowd.map(
    (socket) => new Promise((resolve) => socket.resume().on('close', resolve)),
  );
  const newest = await open(running, { localAddress: '127.0.0.7' });
  await gone[0];
  assert.deepEqual([quiet.destroyed, newest.destroyed], [false, false]);
  assert.equal(running.receiver.connections, 4);
  for (const socket of [quiet, newest, ...crowd]) socket.destroy();
});

/** Ten thousand, or what this machine lets one process open. */
const mostFiles = Number(
  /Max open files +(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1],
);
const crowdSize = Math.min(10_000, mostFiles - 200);

test('ten thousand connections that say nothing keep nobody out', {
  timeout: 120_000,
}, async (t) => {
  const limits = { maxConnections: ['512'], addressConnections: ['128'] };
  const running = await startReceiver(t, limits);
  const place = { port: running.port, site };
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const connection = await register(place, { user: 'admin', password }, 'web01');
  t.diagnostic(`${crowdSize} connections`);
  const crowd = startScript(`
    import { connect } from 'node:net';
    const wanted = ${crowdSize};
    let opened = 0;
    const open = (n) => {
      const localAddress = '127.0.1.' + (n % 200 + 1);
      const socket = connect({ host: '127.0.0.1', port: ${running.port}, localAddress });
      const next = () => { opened += 1; if (opened === wanted) process.exit(0); };
      socket.once('connect', () => { next(); });
      socket.on('error', () => { socket.destroy(); });
      socket.on('close', () => undefined);
    };
    for (let n = 0; n < wanted; n += 1) { open(n); if (n % 100 === 99) await new Promise(setImmediate); }
    setTimeout(() => process.exit(opened >= wanted * 0.9 ? 0 : 1), 20_000);
  `);
  let served = 0;
  let isOver = false;
  crowd.ended.then(() => {
    isOver = true;
  });
  const most: number[] = [];
  while (!isOver) {
    await push(place, connection, goodOutput);
    served += 1;
    most.push(running.receiver.connections);
  }
  const { code, stderr } = await crowd.ended;
  assert.equal(code, 0, stderr);
  assert.ok(served > 0);
  assert.ok(Math.max(...most) <= 512, String(Math.max(...most)));
  assert.deepEqual(running.refusals(), []);
  assert.ok(running.log.lines.length < served + 30, 'no line for each of the crowd');
});
