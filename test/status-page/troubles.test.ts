import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { FeedDoor } from '../../src/status-page/feeds/feed-door.ts';
import { FeedServer } from '../../src/status-page/feeds/feed-server.ts';
import { RemoteFeed } from '../../src/status-page/feeds/remote-feed.ts';
import { Listener } from '../../src/status-page/web/listener.ts';
import { listenAtPath } from '../../src/status-page/web/unix-listening.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { portOf } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { fewRows, ListFeed, startPage } from './running-page.ts';

test('a part that fails is shown as such, beside what it said before', async (t) => {
  const feed = new ListFeed(fewRows);
  const page = await startPage(t, [feed]);
  const headers = { cookie: await page.logIn() };
  assert.equal((await page.ask('/api/fleet', { headers })).status, 200);
  feed.trouble = new Error('the disk is gone');
  const ask = async () => JSON.parse((await page.ask('/api/fleet', { headers })).text);
  while ((await ask()).parts[0].state === 'well')
    await new Promise((resolve) => setTimeout(resolve, 100));
  const { parts, rows } = await ask();
  assert.deepEqual([parts[0].state, rows.length], ['ailing', 2]);
  const { asked } = feed;
  const host = await page.ask('/api/host/web01', { headers });
  // Who does not answer is not waited for with each look.
  assert.deepEqual([host.status, feed.asked], [200, asked]);
  assert.equal(page.log.lines.filter((line) => /^warn.*the disk is gone/.test(line)).length, 1);
});

test('a port that is taken is told once, and nothing else', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const at = { kind: 'tcp', address: '127.0.0.1', port: portOf(taken.address()) } as const;
  const log = makeCollectingLog();
  const ended = new AbortController();
  const listener = new Listener({ at, tls: undefined }, () => undefined, systemClock, log);
  const running = listener.run(ended.signal);
  await waitUntil(() => log.lines.length > 0);
  ended.abort();
  await running;
  assert.match(
    log.lines.join('\n'),
    /^warn no status page: listening at 127\.0\.0\.1:\d+: .*; all else goes on, and it is tried again/,
  );
});

test('a file that is no socket is never replaced by one', async (t) => {
  const path = join(await makeTempDir(t), 'notes');
  await writeFile(path, 'precious');
  const server = createServer();
  await assert.rejects(listenAtPath(server, path), /notes is there already and is no socket/);
  assert.equal(await readFile(path, 'utf8'), 'precious');
});

test('who connects and says nothing, or too much, is cut off, and others are served meanwhile', async (t) => {
  const page = await startPage(t, [new ListFeed(fewRows)]);
  const port = Number(new URL(page.origin).port);
  const silent = Array.from({ length: 50 }, () => connect(port, '127.0.0.1'));
  for (const socket of silent) socket.on('error', () => undefined);
  const loud = connect(port, '127.0.0.1');
  loud.on('error', () => undefined);
  loud.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`);
  await once(loud, 'close');
  assert.equal((await page.ask('/login')).status, 200);
  const large = await page.post('/login', {}, `token=${'x'.repeat(5000)}`);
  assert.equal(large.status, 413);
  for (const socket of silent) socket.destroy();
});

test('an action needs --status-actions, a known host, and patience', async (t) => {
  const reader = await startPage(t, [new ListFeed(fewRows)]);
  const readOnly = await reader.post('/api/host/web01/fetch', { cookie: await reader.logIn() });
  assert.equal(readOnly.status, 403);
  const feed = new ListFeed(fewRows);
  const page = await startPage(t, [feed], { hasActions: true });
  const headers = { cookie: await page.logIn(), accept: 'application/json' };
  assert.equal((await page.post('/api/host/nobody/fetch', headers)).status, 404);
  assert.equal((await page.post('/api/host/..%2F..%2Fetc/fetch', headers)).status, 404);
  const statuses: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    statuses.push((await page.post('/api/host/web01/fetch', headers)).status);
  }
  assert.deepEqual(statuses, [202, 202, 202, 202, 429]);
  assert.deepEqual(feed.fetched, ['web01', 'web01', 'web01', 'web01']);
  const logged = page.log.lines.filter((line) => line.includes('a fetch was asked for'));
  assert.equal(logged.length, 4);
  assert.match(logged[0] ?? '', /host: 'web01', user: 'ada'/);
});

test('one page shows what a process of the same user knows, and says when it is gone', async (t) => {
  const path = join(await makeTempDir(t), 'receiver-page.sock');
  const feed = new ListFeed(fewRows);
  const ended = new AbortController();
  const load = async () => new FeedServer(feed);
  const log = makeCollectingLog();
  const server = new FeedDoor({ path, load, clock: systemClock, log });
  const serving = server.run(ended.signal);
  t.after(async () => {
    ended.abort();
    await serving;
  });
  const remote = new RemoteFeed('collector', path, systemClock);
  const page = await startPage(t, [remote], { hasActions: true });
  const headers = { cookie: await page.logIn(), accept: 'application/json' };
  const ask = async () => JSON.parse((await page.ask('/api/fleet', { headers })).text);
  while ((await ask()).hostCount < 2) await new Promise((resolve) => setTimeout(resolve, 100));
  const shown = JSON.parse((await page.ask('/api/host/web02', { headers })).text);
  assert.deepEqual([shown.row.fault.code, shown.remarks], ['REFUSED', ['seen']]);
  assert.equal((await page.post('/api/host/web02/fetch', headers)).status, 202);
  const why = "it is asked by 'collector2', a member of the pool";
  feed.left.set('web07', why);
  const left = await page.post('/api/host/web07/fetch', headers);
  assert.deepEqual([left.status, JSON.parse(left.text)], [409, { message: why }]);
  const looked = await page.ask('/api/host/web07', { headers });
  assert.deepEqual([looked.status, JSON.parse(looked.text)], [404, { message: why }]);
  assert.deepEqual(feed.fetched, ['web02']);
  ended.abort();
  await serving;
  while ((await ask()).parts[0].state === 'well')
    await new Promise((resolve) => setTimeout(resolve, 100));
  const { parts, rows } = await ask();
  assert.deepEqual(
    [parts[0].state, parts[0].troubles, rows.length],
    ['ailing', ['the collector does not run any more'], 2],
  );
});

test('who ends it while it comes to listen waits for nothing', async (t) => {
  const path = join(await makeTempDir(t), 'receiver-page.sock');
  const load = async () => new FeedServer(new ListFeed(fewRows));
  const ended = new AbortController();
  const door = new FeedDoor({ path, load, clock: systemClock, log: makeCollectingLog() });
  const serving = door.run(ended.signal);
  ended.abort();
  await serving;
  await assert.rejects(stat(path), /ENOENT/);
});
