import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { askStatus } from '../../src/collector/ask-status.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { makeStatus } from './statuses.ts';

const timeout = 60_000;

const known = makeStatus([]);

/** Whoever answers at the socket, with a path to it. */
async function listen(t: TestContext, serve: (socket: Socket) => void): Promise<string> {
  const path = join(await makeTempDir(t), 'collector.sock');
  const sockets = new Set<Socket>();
  // As the collector does, it may still answer whoever has asked and says no more.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => undefined));
    serve(socket);
  }).listen(path);
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server, 'listening');
  return path;
}

const patient = () => new AbortController().signal;

test('the question is one line, and the answer may come in pieces', { timeout }, async (t) => {
  let asked = '';
  const path = await listen(t, (socket) => {
    socket.setEncoding('utf8').on('data', async (chunk) => {
      asked += chunk;
      for (const byte of Buffer.from(JSON.stringify(known))) socket.write(Buffer.of(byte));
      socket.end();
    });
  });
  assert.deepEqual(await askStatus(path, patient()), known);
  assert.equal(asked, 'status\n');
});

test('what a later collector says besides is passed over', { timeout }, async (t) => {
  const path = await listen(t, (socket) => socket.end(JSON.stringify({ ...known, more: 1 })));
  assert.deepEqual(await askStatus(path, patient()), known);
});

test('an answer that is cut short is PEER, not half a status', { timeout }, async (t) => {
  const whole = JSON.stringify(known);
  const path = await listen(t, (socket) => socket.end(whole.slice(0, -1)));
  const fault = await catchFault(askStatus(path, patient()));
  assert.equal(fault.code, 'PEER');
  assert.equal(fault.message, `${path}: the answer is not that of a collector`);
});

test('an answer without end is given up', { timeout }, async (t) => {
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  const path = await listen(t, (socket) => {
    const pour = () => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', pour);
    pour();
  });
  const fault = await catchFault(askStatus(path, patient()));
  assert.equal(fault.code, 'PEER');
  assert.equal(fault.message, `${path}: the answer is no end of text`);
});

test('a file that is no socket has no collector', { timeout }, async (t) => {
  const path = join(await makeTempDir(t), 'collector.sock');
  writeFileSync(path, '');
  const fault = await catchFault(askStatus(path, patient()));
  assert.equal(fault.code, 'UNREACHABLE');
  assert.equal(fault.message, `no collector answers at ${path}; is cmk-courier collect running?`);
});

test('the signal ends it with its reason and leaves no connection', { timeout }, async (t) => {
  const open = new Set<Socket>();
  const path = await listen(t, (socket) => {
    open.add(socket.resume().on('close', () => open.delete(socket)));
  });
  const ending = new AbortController();
  const asking = catchFault(askStatus(path, ending.signal));
  await waitUntil(() => open.size === 1);
  const reason = new CourierError('INTERRUPTED', 'ended by SIGTERM');
  ending.abort(reason);
  assert.equal(await asking, reason);
  await waitUntil(() => {
    for (const socket of open) socket.write(' ');
    return open.size === 0;
  });
});

/** Listens and stands still, as a collector that was stopped, with room for a few who wait. */
const standingStill = `
  const { writeSync } = require('node:fs');
  const listen = { path: process.argv[1], backlog: 1 };
  require('node:net').createServer().listen(listen, () => {
    writeSync(1, 'listening');
    process.kill(process.pid, 'SIGSTOP');
  });`;

test('a collector with too many questions waiting may be stopped', { timeout }, async (t) => {
  const path = join(await makeTempDir(t), 'collector.sock');
  const child = spawn(process.execPath, ['-e', standingStill, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const waiting = Array.from({ length: 5 }, () => connect(path).on('error', () => undefined));
  t.after(() => {
    for (const socket of waiting) socket.destroy();
  });
  const fault = await catchFault(askStatus(path, patient()));
  assert.equal(fault.code, 'UNREACHABLE');
  assert.equal(
    fault.message,
    `the collector at ${path} takes no more questions; it may be stopped (SIGSTOP)`,
  );
});

test('who may not ask is told so', { timeout }, async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can become somebody else');
  const path = await listen(t, (socket) => socket.end(JSON.stringify(known)));
  chmodSync(path, 0o600);
  chmodSync(dirname(path), 0o755);
  process.seteuid?.(65_534);
  const fault = await catchFault(askStatus(path, patient())).finally(() => process.seteuid?.(0));
  assert.equal(fault.code, 'LOCAL');
  assert.equal(fault.message, `asking the collector at ${path}: permission denied`);
});
