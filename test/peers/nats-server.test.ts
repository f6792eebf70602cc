import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { skipWithoutNats } from './nats-program.ts';
import { type NatsPeer, startNatsServers } from './nats-server.ts';

test('a server with TLS keeps its streams when it is killed and started again', {
  skip: skipWithoutNats(),
}, async (t) => {
  const peer = await startNatsServers({ tls: true });
  t.after(() => peer.close());
  const before = await manage(t, peer);
  await before.streams.add({ name: 'TEST', subjects: ['test.>'] });
  const [server] = peer.servers;
  await server?.kill();
  assert.equal(server?.isRunning, false);
  await server?.start();
  const { config } = await (await manage(t, peer)).streams.info('TEST');
  assert.deepEqual(config.subjects, ['test.>']);
});

async function manage(t: TestContext, peer: NatsPeer): Promise<JetStreamManager> {
  const tls = { ca: peer.authority.cert };
  const connection = await connect({ servers: [...peer.urls], tls });
  t.after(() => connection.close());
  return jetstreamManager(connection, { timeout: 10_000 });
}
