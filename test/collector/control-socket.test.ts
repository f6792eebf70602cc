import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { isCollecting, wellWord } from '../../src/collector/ask-status.ts';
import { ControlSocket } from '../../src/collector/control-socket.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const patient = () => new AbortController().signal;

/** A socket that knows two questions, and what it says when somebody says something. */
async function makeSocket(t: TestContext, pulse = wellWord) {
  const path = join(await makeTempDir(t), 'collector.sock');
  const answers = new Map([
    ['status', () => '{}'],
    ['pulse', () => pulse],
  ]);
  const socket = new ControlSocket(path, answers);
  await socket.listen();
  t.after(() => socket.close());
  const say = (words: string) => {
    const peer = connect({ path, allowHalfOpen: true }).on('error', () => undefined);
    peer.write(words);
    return text(peer).catch(() => '');
  };
  return { path, answers, socket, say };
}

test('a question is a line, and has its answer', { timeout: 60_000 }, async (t) => {
  const { path, say } = await makeSocket(t);
  assert.equal(await say('status\n'), '{}');
  assert.equal(await say('pulse\nstatus\n'), wellWord);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('what is no question has none', { timeout: 60_000 }, async (t) => {
  const { say } = await makeSocket(t);
  for (const words of ['\n', 'stat\n', 'status \n', 'constructor\n', 'x'.repeat(1000)]) {
    assert.equal(await say(words), '', words);
  }
});

test('a collector is at work when it says so', { timeout: 60_000 }, async (t) => {
  const { path, socket } = await makeSocket(t);
  assert.equal(await isCollecting(path, patient()), true);
  socket.close();
  assert.equal(await isCollecting(path, patient()), false);
  const stuck = await makeSocket(t, 'ill');
  assert.equal(await isCollecting(stuck.path, patient()), false);
  assert.equal(await isCollecting(stuck.path, AbortSignal.abort(new Error('late'))), false);
});

test('host checks that come all at once are all answered', { timeout: 60_000 }, async (t) => {
  const { path } = await makeSocket(t);
  const checks = Array.from({ length: 300 }, () => isCollecting(path, patient()));
  assert.deepEqual(new Set(await Promise.all(checks)), new Set([true]));
});

test('a second one does not take the place of the first', { timeout: 60_000 }, async (t) => {
  const { path, answers, say } = await makeSocket(t);
  await expectFault(new ControlSocket(path, answers).listen(), 'LOCAL', /^another collector is/);
  assert.equal(await say('status\n'), '{}');
});

test('of many that start together one gets the socket', { timeout: 60_000 }, async (t) => {
  const path = join(await makeTempDir(t), 'collector.sock');
  for (let round = 0; round < 5; round += 1) {
    const sockets = Array.from({ length: 20 }, () => new ControlSocket(path, new Map()));
    const ends = await Promise.allSettled(sockets.map((socket) => socket.listen()));
    assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const socket of sockets) socket.close();
  }
});
