import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { addStream, findDifferences } from '../../src/nats/stream.ts';
import { skipWithoutNats } from '../peers/nats-program.ts';
import { startNatsServers } from '../peers/nats-server.ts';
import { connectPlainly } from './plain-connection.ts';

const wanted = { name: 'COURIER', subjects: 'courier.>', replicas: 1, maxAgeMs: 604_800_000 };

test('the stream that is made is as it should be, and each setting that differs is named', {
  skip: skipWithoutNats(),
}, async (t) => {
  const peer = await startNatsServers();
  t.after(() => peer.close());
  const connection = await connectPlainly(peer.urls);
  t.after(() => connection.close());
  const manager = await jetstreamManager(connection);
  await addStream(manager, wanted);
  const { config } = await manager.streams.info(wanted.name);
  assert.deepEqual(findDifferences(config, wanted), []);
  const { config: changed } = await manager.streams.update(wanted.name, {
    max_msgs_per_subject: 5,
    max_bytes: 1_000_000,
    allow_direct: false,
    max_age: 3_600_000_000_000,
  });
  assert.deepEqual(findDifferences(changed, wanted), [
    { setting: 'max_msgs_per_subject', weight: 'loses', is: '5', wanted: '1' },
    { setting: 'allow_direct', weight: 'loses', is: 'false', wanted: 'true' },
    { setting: 'max_age', weight: 'differs', is: '1h', wanted: '7d' },
    { setting: 'max_bytes', weight: 'loses', is: '1000000', wanted: 'unlimited' },
  ]);
});
