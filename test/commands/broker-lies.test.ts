/** Servers that say what no nats-server says: nothing of it reaches a terminal or is believed. */

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { startHostileServer } from '../helpers/hostile-server.ts';
import { runBroker as run } from './nats-configuration.ts';

const escapes = '\u001b[2J\u001b]0;x\u0007\u009b31m|';
const config = { subjects: ['courier.>'], num_replicas: 3, max_age: 604_800e9 };
const state = { messages: 1, bytes: 2, num_subjects: 1 };
const time = '2026-01-01T00:00:00Z';
const message = { subject: 'courier.mysite.output.web01', seq: 5, data: '', time };

let info: object;
let answer: object;

/** Answers each question with `answer`. */
function lie(socket: Socket, said: string): void {
  if (said === '') socket.write(`INFO ${JSON.stringify({ version: '2.9.10', ...info })}\r\n`);
  if (said.includes('PING\r\n')) socket.write('PONG\r\n');
  const [, number = '1'] = /SUB \S+ (\d+)/.exec(said) ?? [];
  const [, reply] = /PUB \$JS\.API\S+ (\S+) \d+\r\n/.exec(said) ?? [];
  const body = JSON.stringify(answer);
  const length = Buffer.byteLength(body);
  if (reply !== undefined) socket.write(`MSG ${reply} ${number} ${length}\r\n${body}\r\n`);
}

test('what a server says is looked at before it is shown', async (t) => {
  const server = await startHostileServer(lie, { speaksFirst: true });
  t.after(() => server.close());
  const ask = async (said: object, args: readonly string[], about: object = {}) => {
    [answer, info] = [said, about];
    const [verb = '', ...more] = args;
    const { output, errors } = await run(verb, `nats://127.0.0.1:${server.port}`, ...more);
    return (errors || output).replace(/127\.0\.0\.1:\d+/, 'SERVER');
  };
  const check = ['check'];
  const show = ['show', 'web01', '--site=mysite'];
  const unread = 'cmk-courier: broker: SERVER gives an answer that nobody can read';
  const number = 'Invalid input: expected number, received string (PEER)\n';
  const lies = [
    [{ config, state: { ...state, messages: escapes } }, check, `: state.messages: ${number}`],
    [{ config, state: { ...state, bytes: escapes } }, check, `: state.bytes: ${number}`],
    [{ config: { num_replicas: escapes }, state }, check, `: config.num_replicas: ${number}`],
    [{ config: { ...config, max_msgs: escapes }, state }, check, `: config.max_msgs: ${number}`],
    [{ config }, check, ' (PEER)\n'],
    [{ message: { ...message, seq: escapes } }, show, `: seq: ${number}`],
    [{ message: { ...message, data: '***' } }, show, ' (PEER)\n'],
  ] as const;
  for (const [said, args, line] of lies) assert.equal(await ask(said, args), unread + line);
  const other = { message: { ...message, subject: `courier.${escapes}` } };
  const asked = 'was asked for courier.mysite.output.web01, and gives "courier. [2J ]0;x 31m¦"';
  assert.equal(await ask(other, show), `cmk-courier: broker: SERVER ${asked} (PEER)\n`);
  const named = await ask({ config, state }, check, { max_payload: escapes });
  assert.match(
    named,
    /^cmk-courier: broker: SERVER does not speak NATS: it sent "INFO [^\p{Cc}]*\n$/u,
  );
  const many = Array.from({ length: 5000 }, (_, index) => `A${index}: x\r\n`).join('');
  const hdrs = Buffer.from(`NATS/1.0\r\n${many}\r\n`).toString('base64');
  assert.match(await ask({ message: { ...message, hdrs } }, show), /\nA63: x\n…: 4936 more\n$/);
});
