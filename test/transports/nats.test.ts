import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { packOutput } from '../../src/nats/message.ts';
import { nats } from '../../src/transports/nats/nats.ts';
import { parseSourceUri } from '../../src/transports/source.ts';
import { type Delivery, withTransport } from '../../src/transports/transport.ts';
import { testTransportConformance } from '../conformance/transport.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { knownDate } from '../helpers/known-date.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { type Broker, startBroker } from './nats/broker.ts';
import { skipNats as skip, startNats } from './nats/conformance-peer.ts';

testTransportConformance('nats passes the conformance suite', startNats, skip);

let broker: Broker;
before(async () => {
  if (skip === false) broker = await startBroker();
});
after(() => broker?.close());

function fetch(uri: string, options: RawOptions = {}): Promise<Delivery> {
  const context = makeOpenContext();
  const source = {
    uri: parseSourceUri(uri.replace('BROKER', `127.0.0.1:${broker?.port}`)),
    options,
  };
  const target = { host: parseHostName('web01.example'), address: undefined };
  return withTransport(nats, source, context, (open) => open.fetch(target, context.signal));
}

const subject = 'courier.prod.output.web01=2Eexample';
const output = Buffer.from('<<<check_mk>>>\nVersion: 1\n');

async function publish(producedAt: Date): Promise<void> {
  const host = parseHostName('web01.example');
  const times = { producedAt, receivedAt: new Date() };
  const { headers, body } = await packOutput({ host, output, ...times, origin: 'upload x' });
  await broker.publish(subject, body, Object.fromEntries(headers));
}

test('a delivery says where it was, when it was stored and who brought it', { skip }, async () => {
  const producedAt = new Date(Date.now() - 60_000);
  await publish(producedAt);
  for (const options of [{}, { leader: ['true'] }]) {
    const delivery = await fetch('nats://BROKER/prod/{host}', options);
    assert.deepEqual(delivery.output, output);
    assert.deepEqual(delivery.producedAt, producedAt);
    const where = new RegExp(`^COURIER at 127.0.0.1:${broker.port} \\(stored 20.*Z, upload x\\)$`);
    assert.match(delivery.origin, where);
  }
});

test('output from the future counts as absent', { skip }, async () => {
  await publish(new Date('2099-01-01T00:00:00Z'));
  const { message } = await expectFault(fetch('nats://BROKER/prod/{host}'), 'NO_OUTPUT');
  assert.equal(
    message,
    `COURIER at 127.0.0.1:${broker.port}: all there is of web01.example was produced at ` +
      '2099-01-01T00:00:00.000Z, which is in the future',
  );
});

test('what a host has published by itself is as old as it is stored', { skip }, async () => {
  await broker.publish(subject, output);
  const { producedAt, output: found } = await fetch('nats://BROKER/prod/web01.example');
  assert.deepEqual(found, output);
  assert.ok(Math.abs(knownDate(producedAt).getTime() - Date.now()) < 60_000);
});

test('another site and another stream have nothing of it', { skip }, async () => {
  await publish(new Date());
  const missing = await expectFault(fetch('nats://BROKER/other/{host}'), 'NO_OUTPUT');
  assert.equal(
    missing.message,
    `there is no output of web01.example of site other in COURIER at 127.0.0.1:${broker.port}`,
  );
  const doing = `asking 127.0.0.1:${broker.port} for stream OTHER`;
  for (const leader of ['false', 'true']) {
    const given = { stream: ['OTHER'], leader: [leader], answerTimeout: ['500ms'] };
    const { message } = await expectFault(fetch('nats://BROKER/prod/{host}', given), 'PEER');
    assert.equal(message, `${doing}: the server says "stream not found"`);
  }
});

test('sources that make no sense are USAGE', async () => {
  const wrong = [
    ['nats://broker/', 'a nats: source is nats://SERVER/SITE/{host}, not "nats://broker/"'],
    ['nats://broker/a', 'a nats: source is nats://SERVER/SITE/{host}, not "nats://broker/a"'],
    [
      'nats://broker/a/b/c',
      'a nats: source is nats://SERVER/SITE/{host}, not "nats://broker/a/b/c"',
    ],
    ['nats://{host}/a/b', 'a nats: source has placeholders only in its path'],
    ['nats://broker/a/{host}?b', 'a nats: source has no query and no fragment'],
    ['nats://me@broker/a/{host}', 'a nats: source holds no user; use --user'],
    ['nats:///a/{host}', 'a nats: source needs servers such as broker.example:4222, not ""'],
    ['nats://broker/a/-x', 'a nats: source names a host that Checkmk does not accept: "-x"'],
    [
      'nats://broker/%zz/{host}',
      'a nats: source has a % that does not begin a printable character in UTF-8: "%zz"',
    ],
  ] as const;
  for (const [uri, expected] of wrong) {
    assert.equal((await expectFault(fetch(uri), 'USAGE')).message, expected);
  }
  const stream = await expectFault(fetch('nats://broker/a/{host}', { stream: ['a.b'] }), 'USAGE');
  assert.equal(
    stream.message,
    '--stream must be a name without blanks, dots and slashes, not "a.b"',
  );
});
