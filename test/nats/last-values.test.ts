import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NatsConnection } from '@nats-io/transport-node';
import { headers } from '@nats-io/transport-node';
import { JetStreamValues } from '../../src/nats/last-values.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { skipWithoutNats } from '../peers/nats-program.ts';
import { type NatsPeer, startNatsServers } from '../peers/nats-server.ts';
import { connectPlainly, makeStream, makeWriter, toMessage } from './plain-connection.ts';

const skip = skipWithoutNats();
let peer: NatsPeer;
let connection: NatsConnection;

before(async () => {
  if (skip !== false) return;
  peer = await startNatsServers({ configuration: 'max_payload: 64KB' });
  connection = await connectPlainly(peer.urls);
  await makeStream(connection);
});

after(async () => {
  await connection?.close();
  await peer?.close();
});

function values(stream = 'COURIER'): JetStreamValues {
  const connect = async () => connection;
  return new JetStreamValues({
    connect,
    discardIfSilent: async () => undefined,
    stream,
    makeHeaders: headers,
  });
}

test('what was published is the last value, with its sequence, time and digest', {
  skip,
}, async () => {
  const message = toMessage('web01', new Date());
  assert.equal(await values().last(message.subject), undefined);
  const published = await values().publish(message, 0, 0);
  assert.ok(published.kind === 'stored');
  const { producedAt, digest } = message;
  const { sequence } = published;
  assert.deepEqual(await values().last(message.subject), { sequence, producedAt, digest });
  assert.deepEqual(await values().publish(message, sequence, 0), { kind: 'repeated' });
  assert.deepEqual(await values().publish(message, sequence + 1, 1), { kind: 'conflict' });
});

test('a message of another subject than was asked for is none', { skip }, async () => {
  await values().publish(toMessage('web02', new Date()), 0, 0);
  assert.equal(await values().first('courier.mysite.output.*'), undefined);
  const line = /^the broker answered without a message$/;
  await expectFault(values().last('courier.mysite.output.*'), 'PEER', line);
});

test('a message above max_payload is TOO_LARGE with both numbers, and is not sent', {
  skip,
}, async () => {
  const message = toMessage('big', new Date(0), 'x'.repeat(70_000));
  const what = /^the message has 70\d{3} bytes, the broker allows 65536 \(max_payload\)$/;
  await expectFault(values().publish(message, 0, 0), 'TOO_LARGE', what);
});

test('a stream that is not there is named', { skip }, async () => {
  const line = 'the broker has no stream ELSEWHERE; `cmk-courier broker init` makes it';
  const fault = await expectFault(values('ELSEWHERE').last('courier.x.output.y'), 'PEER');
  assert.equal(fault.message, line);
});

test('two writers bring old and new outputs in any order: the newest stays', { skip }, async () => {
  const pairs = process.env['COURIER_TEST_LONG'] ? 10_000 : 500;
  const other = await connectPlainly(peer.urls);
  try {
    const writers = [makeWriter(connection), makeWriter(other)];
    const nowMs = Date.now();
    const lost: string[] = [];
    const tryPair = async (index: number) => {
      const host = `host${index}`;
      const [older, newer] = [
        toMessage(host, new Date(nowMs - 5000)),
        toMessage(host, new Date(nowMs)),
      ];
      const both = Math.random() < 0.5 ? [older, newer] : [newer, older];
      await Promise.all(
        both.map(async (message, turn) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
          await writers[turn]?.write(message, neverAborts);
        }),
      );
      const last = await values().last(newer.subject);
      if (last?.digest !== newer.digest) lost.push(host);
    };
    for (let index = 0; index < pairs; index += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, more) => tryPair(index + more)));
    }
    assert.deepEqual(lost, []);
    const { conflicts, older } = writers.reduce(
      (sum, { counts }) => ({
        conflicts: sum.conflicts + counts.conflicts,
        older: sum.older + counts.older,
      }),
      { conflicts: 0, older: 0 },
    );
    assert.ok(conflicts + older > 0, 'the writers never met');
  } finally {
    await other.close();
  }
});
