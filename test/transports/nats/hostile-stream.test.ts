/** What a server makes of those who follow a stream, when it does not keep to what was agreed. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CourierError } from '../../../src/faults/errors.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { nats } from '../../../src/transports/nats/nats.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import type { Subscriber } from '../../../src/transports/transport.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { type Script, startScriptedStream, toPlace } from './scripted-stream.ts';

const names = Array.from({ length: 50 }, (_, index) => parseHostName(`web${index}`));
const output = '<<<check_mk>>>\nVersion: 1\n';

/** What a follower hears; of what is delivered nothing is taken. */
async function follow(t: TestContext, script: Script): Promise<readonly string[]> {
  const server = await startScriptedStream(script);
  const source = {
    uri: parseSourceUri(`nats://127.0.0.1:${server.port}/mysite/{host}`),
    options: { answerTimeout: ['5s'] },
  };
  const transport = await nats.open(source, makeOpenContext());
  const heard: string[] = [];
  const ended = new AbortController();
  const subscriber: Subscriber = {
    wanted: new Map(names.map((host) => [host, { host, address: undefined }])),
    deliver: ({ host }, arrival) => {
      heard.push(`${host} ${arrival instanceof CourierError ? arrival.code : arrival.output}`);
      return new Promise(() => undefined);
    },
    tell: (news) =>
      heard.push(news instanceof CourierError ? `${news.code} ${news.message}` : news),
  };
  const subscribed = transport.subscribe?.(subscriber, ended.signal);
  t.after(async () => {
    ended.abort(new CourierError('INTERRUPTED', 'the test ends'));
    await subscribed;
    await transport.close();
    await server.close();
  });
  return heard;
}

test('outputs of another site are foreign, whatever the server sends', async (t) => {
  const heard = await follow(t, (send) => {
    send('courier.other.output.web1', toPlace(1), output);
    send('courier.mysite.output.web1', toPlace(2), output);
  });
  await waitUntil(() => heard.length === 3);
  assert.deepEqual([...heard].sort(), ['following', 'foreign', `web1 ${output}`]);
});

test('a message that the library cannot make out ends the connection, and is told', async (t) => {
  const heard = await follow(t, (send) => send('courier.mysite.output.web1', '', output));
  await waitUntil(() => heard.length > 0);
  assert.equal(heard[0], 'PEER the server sends a message that nobody can read');
});

test('a server that sends more than was asked for is left', async (t) => {
  const heard = await follow(t, (send, socket) => {
    let sequence = 0;
    const body = 'x'.repeat(10_000);
    const go = (): void => {
      if (socket.destroyed) return;
      sequence += 1;
      const subject = `courier.mysite.output.web${sequence % names.length}`;
      if (send(subject, toPlace(sequence), body)) setImmediate(go);
      else socket.once('drain', go);
    };
    go();
  });
  const told = () => heard.find((line) => line.startsWith('PEER'));
  await waitUntil(() => told() !== undefined);
  assert.match(told() ?? '', /^PEER COURIER at 127\.0\.0\.1:\d+: more comes than was asked for$/);
});
