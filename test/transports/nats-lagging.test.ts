/** Of a server that lags behind: what it brings after a gap may be older than what came before. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { CourierError } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { defaultStream } from '../../src/nats/stream.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { nats } from '../../src/transports/nats/nats.ts';
import { parseSourceUri } from '../../src/transports/source.ts';
import type { Subscriber } from '../../src/transports/transport.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { openTestSession } from '../nats/sessions.ts';
import { startBroker } from './nats/broker.ts';
import { skipNats as skip } from './nats/conformance-peer.ts';

test('after a gap nothing is handed over that is older than what came, and what is newer is', {
  skip,
}, async (t) => {
  const broker = await startBroker();
  t.after(() => broker.close());
  const { session } = openTestSession(t, [`nats://127.0.0.1:${broker.port}`]);
  const manager = await jetstreamManager(await session.connection(neverAborts));
  // A stream that keeps two is, without the newer one, as a server has it that has not got that yet.
  await manager.streams.update(defaultStream, { max_msgs_per_subject: 2 });
  const publish = (text: string) =>
    broker.publish('courier.prod.output.web01', Buffer.from(`<<<check_mk>>>\n${text}\n`));
  await publish('older');
  await publish('newer');

  const [news, arrived]: string[][] = [[], []];
  const host = parseHostName('web01');
  const subscriber: Subscriber = {
    wanted: new Map([[host, { host, address: undefined }]]),
    deliver: async (_, arrival) => {
      arrived?.push(arrival instanceof CourierError ? arrival.message : arrival.output.toString());
    },
    tell: (what) => news?.push(what instanceof CourierError ? what.code : what),
  };
  const source = parseSourceUri(`nats://127.0.0.1:${broker.port}/prod/{host}`);
  const transport = await nats.open({ uri: source, options: {} }, makeOpenContext());
  const ended = new AbortController();
  const following = transport.subscribe?.(subscriber, ended.signal);
  t.after(async () => {
    ended.abort(new CourierError('INTERRUPTED', 'the test ends'));
    await following;
    await transport.close();
  });
  const untilFollowing = async () => {
    while (news?.at(-1) !== 'following') await sleep(10);
  };
  await untilFollowing();

  const { state } = await manager.streams.info(defaultStream);
  await manager.streams.deleteMessage(defaultStream, state.last_seq);
  await broker.stop();
  while (news?.at(-1) === 'following') await sleep(10);
  await broker.start();
  await untilFollowing();
  await publish('newest');
  while (!arrived?.at(-1)?.includes('newest')) await sleep(10);
  const expected = ['newer', 'newest'].map((text) => `<<<check_mk>>>\n${text}\n`);
  assert.deepEqual(arrived, expected);
});
