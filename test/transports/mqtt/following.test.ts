/** What the conformance suite does not say of topics that are followed. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CourierError } from '../../../src/faults/errors.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { mqtt } from '../../../src/transports/mqtt/mqtt.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import { type SubscriptionNews, withTransport } from '../../../src/transports/transport.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { startMosquitto } from '../../peers/mosquitto.ts';
import { skipMqtt, sourceAt } from './conformance-peer.ts';
import { startFakeBroker } from './fake-broker.ts';

/** Follows one host until the test ends; notes what comes, in words. */
async function follow(t: TestContext, source: Source, name: string) {
  const host = parseHostName(name);
  const target = { host, address: undefined };
  const came: string[] = [];
  const news: SubscriptionNews[] = [];
  const subscriber = {
    wanted: new Map([[host, target]]),
    deliver: async (_: unknown, arrival: CourierError | { readonly output: Buffer }) => {
      came.push(arrival instanceof CourierError ? arrival.message : arrival.output.toString());
    },
    tell: (one: SubscriptionNews) => void news.push(one),
  };
  const ended = new AbortController();
  const done = withTransport(mqtt, source, makeOpenContext(), async ({ subscribe }) => {
    assert.ok(subscribe);
    await subscribe(subscriber, ended.signal);
  });
  t.after(async () => {
    ended.abort(new CourierError('INTERRUPTED', 'the test ends'));
    await done;
  });
  await waitUntil(() => news.includes('following'));
  return { came, news };
}

const madeAt = (text: string) => ({ properties: { userProperties: { produced: text } } });

test('a host goes with a word that is not retained, or with its output; nothing older comes after newer', {
  skip: skipMqtt,
}, async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const source = sourceAt(broker, 'mqtt');
  const topic = 'courier/web01=2Ex';
  await broker.publish(topic, 'first', madeAt('2026-11-28T12:00:00Z'));
  await broker.publish(`${topic}/gone`, 'of old');
  const { came, news } = await follow(t, source, 'web01.x');
  const at = `topic "${topic}" at 127.0.0.1:${broker.port}`;
  const gone = `${at}: the host has gone`;
  await broker.publish(`${topic}/gone`, 'now', { retain: false });
  await waitUntil(() => came.includes(gone));
  await broker.publish(topic, 'newer', madeAt('2026-11-28T12:02:00Z'));
  await waitUntil(() => came.includes('newer'));
  await broker.publish(topic, 'older', madeAt('2026-11-28T12:01:00Z'));
  await broker.publish('courier/web02', 'foreign');
  await broker.publish(topic, '');
  const away = `${at}: the output was taken away`;
  await waitUntil(() => came.includes(away));
  assert.deepEqual(came, ['first', gone, 'newer', away]);
  assert.deepEqual(news, ['following', 'foreign']);
});

test('a broker that no longer answers is noticed, and followed again', async (t) => {
  let [connections, pings] = [0, 0];
  const broker = await startFakeBroker((kind) => {
    if (kind === 'connect') connections += 1;
    if (kind === 'pingreq') pings += 1;
    return kind === 'pingreq' && pings > 1 && connections === 1 ? Buffer.alloc(0) : undefined;
  });
  t.after(() => broker.close());
  const uri = parseSourceUri(`mqtt://127.0.0.1:${broker.port}/courier/{host}`);
  const source = { uri, options: { mqttWait: ['0s'], idleTimeout: ['200ms'] } };
  const { news } = await follow(t, source, 'web01');
  await waitUntil(() => news.filter((one) => one === 'following').length === 2);
  const why = `127.0.0.1:${broker.port}: the broker was silent for 200ms`;
  const faults = news.flatMap((one) => (one instanceof CourierError ? [one] : []));
  assert.deepEqual(
    faults.slice(0, 1).map(({ code, message }) => [code, message]),
    [['TIMEOUT', why]],
  );
});

test('an answer that is lost among messages is asked for again', async (t) => {
  let pings = 0;
  const broker = await startFakeBroker((kind) => {
    if (kind === 'pingreq') pings += 1;
    return kind === 'pingreq' && pings === 1 ? Buffer.alloc(0) : undefined;
  });
  t.after(() => broker.close());
  const uri = parseSourceUri(`mqtt://127.0.0.1:${broker.port}/courier/{host}`);
  const { news } = await follow(t, { uri, options: { mqttWait: ['0s'] } }, 'web01');
  assert.deepEqual(news, ['following']);
});

const cannot = ['mqtt://{address}/courier/{host}', 'mqtt://{host}@b/{host}', 'mqtt://b/{address}'];

for (const uri of cannot) {
  test(`${uri} can only be asked`, async () => {
    const source = { uri: parseSourceUri(uri), options: {} };
    await withTransport(mqtt, source, makeOpenContext(), async ({ subscribe }) => {
      assert.equal(subscribe, undefined);
    });
  });
}

test('the host may be a part of a level, and there twice', { skip: skipMqtt }, async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const { uri, options } = sourceAt(broker, 'mqtt');
  const text = uri.text.replace('{host}', 'a%20b/of-{host}/{host}');
  await broker.publish('courier/a b/of-web01/web01', 'output');
  await broker.publish('courier/a b/of-web01/web02', 'of nobody');
  const { came } = await follow(t, { uri: parseSourceUri(text), options }, 'web01');
  await waitUntil(() => came.length > 0);
  assert.deepEqual(came, ['output']);
});
