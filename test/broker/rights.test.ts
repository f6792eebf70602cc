/** What users of the printed configuration can make a real nats-server do with a stream. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { makeServerConfiguration } from '../../src/broker/server-configuration.ts';
import { addStream, findDifferences } from '../../src/nats/stream.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { startNatsServers } from '../peers/nats-server.ts';

const skip = skipWithout('nats-server');
const outputs = 'courier.mysite.output';

/** A server with the users that are printed; their password is `secret`. */
async function startPrinted(t: TestContext) {
  const printed = makeServerConfiguration({ site: 'mysite', stream: 'COURIER' });
  const accounts = printed.slice(printed.indexOf('\naccounts {'));
  const passwords = [...accounts.matchAll(/\$(\w+_PASSWORD)/g)].map(
    ([, name]) => `${name}: secret`,
  );
  const peer = await startNatsServers({ configuration: passwords.join('\n') + accounts });
  t.after(() => peer.close());
  const as = async (user: string): Promise<NatsConnection> => {
    const [{ port }] = [...peer.servers, { port: 0 }];
    const inboxPrefix = `_INBOX.${user}`;
    const servers = `127.0.0.1:${port}`;
    const connection = await connect({ servers, user, pass: 'secret', inboxPrefix });
    t.after(() => connection.close());
    return connection;
  };
  const manager = await jetstreamManager(await as('admin'));
  const wanted = { name: 'COURIER', subjects: 'courier.>', replicas: 1, maxAgeMs: 3_600_000 };
  await addStream(manager, wanted);
  return { as, manager };
}

test('a host cannot have the answer to its output sent into what is of others', {
  skip,
}, async (t) => {
  const { as, manager } = await startPrinted(t);
  await manager.streams.add({ name: 'KV_COURIER_POOL', subjects: ['$KV.COURIER_POOL.>'] });
  const [receiver, host] = [await as('receiver'), await as('web01')];
  await receiver.request(`${outputs}.web02`, 'of web02');
  const own = `${outputs}.web01=2Eexample=2Enet`;
  const answer = await host.request(own, 'of web01');
  assert.equal(answer.json<{ stream: string }>().stream, 'COURIER');
  const elsewhere = [
    `${outputs}.web02`,
    '$JS.API.STREAM.PURGE.COURIER',
    '$KV.COURIER_POOL.collectors.a',
  ];
  for (const reply of elsewhere) {
    host.publish(own, `of web01 for ${reply}`, { reply });
    // A request is answered after what came before it.
    await host.request(own, 'of web01, again');
    const found = await manager.streams.getMessage('COURIER', { last_by_subj: `${outputs}.web02` });
    assert.equal(found?.string(), 'of web02', reply);
  }
  const { state } = await manager.streams.info('KV_COURIER_POOL');
  assert.equal(state.messages, 0);
});

test('collectors of a pool hear what others tell of hosts with the rights that are printed', {
  skip,
}, async (t) => {
  const { as } = await startPrinted(t);
  const [one, other] = [await as('collector'), await as('collector')];
  const heard = Promise.withResolvers<string>();
  one.subscribe('courierpool.collectors.*.*', {
    callback: (error, message) =>
      error === null ? heard.resolve(message.string()) : heard.reject(error),
  });
  await one.flush();
  other.publish('courierpool.collectors.due.b', 'records');
  assert.equal(await heard.promise, 'records');
});

test('a stream in which one message can take away or write others is told', { skip }, async (t) => {
  const { manager } = await startPrinted(t);
  const wanted = { name: 'COURIER', subjects: 'courier.>', replicas: 1, maxAgeMs: 3_600_000 };
  const { config } = await manager.streams.update('COURIER', { allow_rollup_hdrs: true });
  const found = findDifferences({ ...config, sources: [], persist_mode: 'async' }, wanted);
  assert.deepEqual(found, [
    { setting: 'allow_rollup_hdrs', weight: 'loses', is: 'set', wanted: 'not set' },
    { setting: 'persist_mode', weight: 'loses', is: 'set', wanted: 'not set' },
  ]);
});
