/** Brokers that answer in their own way, late, never or wrongly. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import type { FaultCode } from '../../../src/faults/errors.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { neverAborts } from '../../../src/system/never-aborts.ts';
import { mqtt } from '../../../src/transports/mqtt/mqtt.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { withTransport } from '../../../src/transports/transport.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { type Answer, startFakeBroker, toPublish, versionOf } from './fake-broker.ts';

const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n');
const message = toPublish('courier/web1', output);

async function fetchFrom(test: TestContext, answer: Answer, options: RawOptions = {}) {
  const broker = await startFakeBroker(answer);
  test.after(() => broker.close());
  const password = join(await makeTempDir(test), 'password');
  await writeFile(password, 'secret-of-the-test', { mode: 0o600 });
  const source = {
    uri: parseSourceUri(`mqtt://127.0.0.1:${broker.port}/courier/{host}`),
    options: { user: ['me'], passwordFile: [password], mqttWait: ['0s'], ...options },
  };
  const target = { host: parseHostName('web1'), address: undefined };
  return withTransport(mqtt, source, makeOpenContext(), (transport) =>
    transport.fetch(target, neverAborts),
  );
}

/** Registers a test of one answer and of the sentence it gets. */
function testFault(
  name: string,
  answer: Answer,
  [code, why]: readonly [FaultCode, RegExp],
  options: RawOptions = {},
): void {
  test(name, async (context) => {
    await expectFault(fetchFrom(context, answer, options), code, why);
  });
}

const bytes = (...values: number[]) => Buffer.from(values);

const refusing =
  (reason: number): Answer =>
  (kind) =>
    kind === 'connect' ? bytes(0x20, 3, 0, reason, 0) : undefined;

const granting =
  (reason: number): Answer =>
  (kind, packet) =>
    kind === 'subscribe' ? bytes(0x90, 4, packet[2] ?? 0, packet[3] ?? 0, 0, reason) : undefined;

test('a message that comes with the answers is the output', async (context) => {
  const delivery = await fetchFrom(context, (kind) => (kind === 'pingreq' ? message : undefined), {
    mqttWait: ['10s'],
  });
  assert.deepEqual(delivery.output, output);
  assert.equal(delivery.producedAt, undefined);
});

test('a message that comes after all answers is waited for', async (context) => {
  const late: Answer = (kind, _packet, socket) => {
    if (kind === 'pingreq') setTimeout(() => socket.write(message), 50);
    return undefined;
  };
  assert.deepEqual((await fetchFrom(context, late, { mqttWait: ['10s'] })).output, output);
});

test('of a message that has begun all is waited for', async (context) => {
  const slow: Answer = (kind, _packet, socket) => {
    if (kind !== 'pingreq') return undefined;
    setTimeout(() => socket.write(message.subarray(20)), 100);
    return Buffer.concat([bytes(0xd0, 0), message.subarray(0, 20)]);
  };
  assert.deepEqual((await fetchFrom(context, slow)).output, output);
});

test('an empty message and one of another topic are none', async (context) => {
  const others = Buffer.concat([
    toPublish('courier/web1', Buffer.alloc(0)),
    toPublish('courier/web2', output),
    bytes(0xd0, 0),
  ]);
  const answer: Answer = (kind) => (kind === 'pingreq' ? others : undefined);
  const why = /^nothing is retained under topic "courier\/web1" at 127\.0\.0\.1:\d+$/;
  await expectFault(fetchFrom(context, answer), 'NO_OUTPUT', why);
});

/** Answers in MQTT 3.1.1 as a broker does that knows no other. */
const answersOld: Answer = (kind, packet) => {
  if (kind === 'connect') return bytes(0x20, 2, 0, 0);
  if (kind === 'subscribe') {
    const [high = 0, low = 0] = packet.subarray(2);
    return Buffer.concat([bytes(0x90, 3, high, low, 1), withoutProperties(message)]);
  }
  return undefined;
};

/** The same PUBLISH in 3.1.1, which has no length of properties behind the topic. */
function withoutProperties(packet: Buffer): Buffer {
  const topicEnd = 4 + 'courier/web1'.length;
  const body = Buffer.concat([packet.subarray(2, topicEnd), packet.subarray(topicEnd + 1)]);
  return Buffer.concat([bytes(0x31, body.length), body]);
}

test('a broker that knows only 3.1.1 and says so gets 3.1.1', async (context) => {
  const versions: number[] = [];
  const delivery = await fetchFrom(context, (kind, packet, socket) => {
    if (kind === 'connect') versions.push(versionOf(packet));
    return kind === 'connect' && versionOf(packet) === 5
      ? bytes(0x20, 2, 0, 1)
      : answersOld(kind, packet, socket);
  });
  assert.deepEqual([delivery.output, versions], [output, [5, 4]]);
});

test('a broker that hangs up on MQTT 5 gets 3.1.1', async (context) => {
  const delivery = await fetchFrom(context, (kind, packet, socket) => {
    if (kind !== 'connect' || versionOf(packet) === 4) return answersOld(kind, packet, socket);
    socket.end();
    return Buffer.alloc(0);
  });
  assert.deepEqual(delivery.output, output);
});

testFault('a wrong password is told', refusing(134), [
  'REFUSED',
  /^connecting to 127\.0\.0\.1:\d+: login refused: wrong user or password$/,
]);

testFault('a broker that is busy is told', refusing(137), ['PEER', /: the broker is busy$/]);

testFault('a topic that is not allowed is told', granting(135), [
  'REFUSED',
  /^subscribing at 127\.0\.0\.1:\d+: not authorised$/,
]);

testFault('a subscription that fails without a reason is told', granting(128), [
  'REFUSED',
  /: the broker refuses the topic$/,
]);

testFault('a web server is no broker', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), [
  'PEER',
  /: what the broker sends is not MQTT/,
]);

testFault(
  'a broker that hangs up on both versions is told',
  (_kind, _packet, socket) => {
    socket.end();
    return Buffer.alloc(0);
  },
  ['UNREACHABLE', /^connecting to 127\.0\.0\.1:\d+: the broker hung up without an answer$/],
);

testFault(
  'a broker that lets in and then says nothing is told',
  (kind) => (kind === 'connect' ? undefined : Buffer.alloc(0)),
  ['TIMEOUT', /^127\.0\.0\.1:\d+: the broker was silent for 300ms$/],
  { idleTimeout: ['300ms'] },
);

testFault(
  'a message without end is told at its beginning',
  (kind) =>
    kind === 'pingreq' ? Buffer.concat([bytes(0x31, 0xff, 0xff, 0xff, 0x7f), message]) : undefined,
  ['TOO_LARGE', /^the message has 268435455 bytes, too many for \d+ of output$/],
);

/** The first byte of a PUBLISH with QoS 2, and a message ID before the properties. */
const exactlyOnce = Buffer.concat([
  bytes(0x35, message.length),
  message.subarray(2, 2 + 2 + 'courier/web1'.length),
  bytes(0, 1),
  message.subarray(2 + 2 + 'courier/web1'.length),
]);

testFault(
  'messages that the library would keep until it is told to forget them are not taken',
  (kind) => (kind === 'pingreq' ? Buffer.concat([exactlyOnce, bytes(0xd0, 0)]) : undefined),
  ['PEER', /^127\.0\.0\.1:\d+: the broker sends with QoS 2, which nobody asked for$/],
);
