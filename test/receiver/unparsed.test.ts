/** What the HTTP parser refuses: one line for the sender, one for the log, one more in the metrics. */

import assert from 'node:assert/strict';
import { connect as connectPlainly, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { waitUntil } from '../helpers/wait-until.ts';
import { goodOutput, type RunningReceiver, startReceiver } from './running-receiver.ts';

const start = 'PUT /v1/hosts/web01/agent-output HTTP/1.1\r\nHost: x\r\n';
const chunked = `${start}Authorization: Bearer TOKEN\r\nTransfer-Encoding: chunked\r\n\r\n`;

/** A connection to each of both listeners. */
const listeners: Readonly<Record<string, (running: RunningReceiver) => Socket>> = {
  'over TLS': ({ port }) => connect({ host: '127.0.0.1', port, rejectUnauthorized: false }),
  'without TLS': ({ plainPort = 0 }) => connectPlainly(plainPort, '127.0.0.1'),
};

interface Case {
  readonly sent: string;
  readonly status: number;
  readonly reason: string;
  readonly line: string;
}

const cases: Readonly<Record<string, Case>> = {
  'something else than HTTP': {
    sent: 'garbage\r\n\r\n',
    status: 400,
    reason: 'bad-request',
    line: 'this is no HTTP/1.1: Invalid method encountered (USAGE)',
  },
  'HTTP/2 without asking': {
    sent: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    status: 400,
    reason: 'bad-request',
    line: 'this is no HTTP/1.1: Pause on PRI/Upgrade (USAGE)',
  },
  'two lengths': {
    sent: `${start}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
    status: 400,
    reason: 'bad-request',
    line: 'this is no HTTP/1.1: Duplicate Content-Length (USAGE)',
  },
  'a length and chunks': {
    sent: `${start}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\nhello`,
    status: 400,
    reason: 'bad-request',
    line: "this is no HTTP/1.1: Content-Length can't be present with Transfer-Encoding (USAGE)",
  },
  'no Host': {
    sent: 'PUT /v1/hosts/web01/agent-output HTTP/1.1\r\nConnection: close\r\n\r\n',
    status: 400,
    reason: 'bad-request',
    line: 'the header Host is missing (USAGE)',
  },
  'a header that does not end in time': {
    sent: 'PUT /v1/hosts/web0',
    status: 408,
    reason: 'too-slow',
    line: 'the header was not complete in time (500ms) (TIMEOUT)',
  },
  'the method of a proxy': {
    sent: 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
    status: 405,
    reason: 'wrong-method',
    line: 'this is no proxy (USAGE)',
  },
  'an expectation nobody knows': {
    sent: `${start}Expect: tea\r\nConnection: close\r\n\r\n`,
    status: 417,
    reason: 'unknown-expectation',
    line: 'Expect may be 100-continue, not "tea" (USAGE)',
  },
  'a header that is too large': {
    sent: `${start}X: ${'a'.repeat(20_000)}\r\n\r\n`,
    status: 431,
    reason: 'header-too-large',
    line: 'the header has more than the allowed 16384 bytes (TOO_LARGE)',
  },
  'a body in chunks that are none': {
    sent: `${chunked}5\r\n<<<a>\r\nxyz\r\n`,
    status: 400,
    reason: 'bad-request',
    line: 'this is no HTTP/1.1: Invalid character in chunk size (USAGE)',
  },
  'chunk extensions without end': {
    sent: `${chunked}5;${'x'.repeat(20_000)}\r\n<<<a>\r\n0\r\n\r\n`,
    status: 413,
    reason: 'too-large',
    line: 'the chunk extensions of the body are too long (TOO_LARGE)',
  },
};

/** All that comes until the end, in whatever way that comes. */
async function ask(socket: Socket, sent: string): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('error', () => undefined);
  socket.on('data', (piece: string) => {
    text += piece;
  });
  if (sent !== '') socket.write(sent);
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

async function readMetrics({ metricsPort }: RunningReceiver): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  const lines = (await response.text()).split('\n').map((line) => line.split(' '));
  return new Map(lines.map(([name = '', value]) => [name, Number(value)]));
}

for (const [listener, open] of Object.entries(listeners)) {
  test(`refusals of the parser ${listener} are told, logged and counted once`, async (t) => {
    const running = await startReceiver(t, { headerTimeout: ['500ms'] });
    const token = await running.makeAccess({});
    const counted = new Map<string, number>();
    for (const [name, { sent, status, reason, line }] of Object.entries(cases)) {
      const before = running.log.lines.length;
      const answer = await ask(open(running), sent.replace('TOKEN', token));
      const [head = '', body] = answer.split('\r\n\r\n');
      assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`), name);
      assert.match(head, /\r\nconnection: close(\r\n|$)/i, name);
      assert.equal(body, `${line}\n`, name);
      const logged = running.log.lines.slice(before);
      assert.equal(logged.length, 1, logged.join('\n'));
      const said = line.replace(/ \(\w+\)$/, '');
      assert.ok(logged.join().startsWith(`info ${said} {`), logged.join());
      for (const field of ["address: '127.0.0.1'", `status: ${status}`, `reason: '${reason}'`]) {
        assert.ok(logged.join().includes(field), logged.join());
      }
      counted.set(reason, (counted.get(reason) ?? 0) + 1);
    }
    const metrics = await readMetrics(running);
    const prefix = 'cmk_courier_receiver_';
    for (const [reason, count] of counted) {
      assert.equal(metrics.get(`${prefix}refusals_total{reason="${reason}"}`), count, reason);
    }
    assert.equal(metrics.get(`${prefix}requests_total`), Object.keys(cases).length);
    assert.equal(await running.readOutput('web01'), undefined);
  });

  test(`who never says a word ${listener} is no request, and no line`, async (t) => {
    const running = await startReceiver(t, { headerTimeout: ['300ms'] });
    assert.equal(await ask(open(running), ''), '');
    assert.equal(running.log.lines.length, 1);
    assert.equal((await readMetrics(running)).get('cmk_courier_receiver_requests_total'), 0);
  });
}

test('junk behind a good request waits for the answer to that one', async (t) => {
  const running = await startReceiver(t);
  const token = await running.makeAccess({});
  const good = `${start}Authorization: Bearer ${token}\r\nContent-Length: ${goodOutput.length}\r\n\r\n${goodOutput}`;
  const socket = connect({ host: '127.0.0.1', port: running.port, rejectUnauthorized: false });
  const statuses = (await ask(socket, `${good}junk\r\n\r\n`)).match(/^HTTP\/1\.1 \d+/gm);
  assert.deepEqual(statuses, ['HTTP/1.1 204', 'HTTP/1.1 400']);
  assert.equal(await running.readOutput('web01'), goodOutput.toString());
});

test('a content type nobody can read is no reason to refuse output', async (t) => {
  const running = await startReceiver(t);
  const token = await running.makeAccess({});
  for (const type of ['', 'garbage', '///;;=', 'text/plain; charset']) {
    const socket = connect({ host: '127.0.0.1', port: running.port, rejectUnauthorized: false });
    const head = `${start}Authorization: Bearer ${token}\r\nContent-Type: ${type}\r\nConnection: close\r\n`;
    const answer = await ask(
      socket,
      `${head}Content-Length: ${goodOutput.length}\r\n\r\n${goodOutput}`,
    );
    assert.match(answer, /^HTTP\/1\.1 204 /, type);
  }
  await waitUntil(() => running.receiver.load.uploads === 0);
});
