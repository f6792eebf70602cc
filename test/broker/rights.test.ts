/** What users of the printed configuration can make a real nats-server do with a stream. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { makeServerConfiguration } from '../../src/broker/server-configuration.ts';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { JetStreamValues, type StreamUse } from '../../src/nats/last-values.ts';
import { packOutput } from '../../src/nats/message.ts';
import type { ServerVersion } from '../../src/nats/server-versions.ts';
import { addStream, findDifferences } from '../../src/nats/stream.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { nats } from '../../src/transports/nats/nats.ts';
import { parseSourceUri } from '../../src/transports/source.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { startNatsServers } from '../peers/nats-server.ts';

const skip = skipWithout('nats-server');
const outputs = 'courier.mysite.output';

function toUse(connection: NatsConnection): StreamUse {
  const connect = () => Promise.resolve(connection);
  return {
    connect,
    discardIfSilent: () => connection.close(),
    stream: 'COURIER',
    makeHeaders: headers,
  };
}

/** A server with the users that are printed; their password is `secret`. */
async function startPrinted(version?: ServerVersion) {
  const printed = makeServerConfiguration({
    ...{ site: 'mysite', stream: 'COURIER', account: 'COURIER', version },
  });
  const accounts = printed.slice(printed.indexOf('\naccounts {'));
  const passwords = [...accounts.matchAll(/\$(\w+_PASSWORD)/g)].map(
    ([, name]) => `${name}: secret`,
  );
  const peer = await startNatsServers({ configuration: passwords.join('\n') + accounts });
  const connections: NatsConnection[] = [];
  const as = async (user: string): Promise<NatsConnection> => {
    const [{ port }] = [...peer.servers, { port: 0 }];
    const inboxPrefix = `_INBOX.${user}`;
    const servers = `127.0.0.1:${port}`;
    const connection = await connect({ servers, user, pass: 'secret', inboxPrefix });
    connections.push(connection);
    return connection;
  };
  const manager = await jetstreamManager(await as('admin'));
  const wanted = { name: 'COURIER', subjects: 'courier.>', replicas: 1, maxAgeMs: 3_600_000 };
  await addStream(manager, wanted);
  const server = `127.0.0.1:${peer.servers[0]?.port}`;
  const close = async () => {
    for (const connection of connections) await connection.close();
    await peer.close();
  };
  return { as, manager, server, close };
}

let started: Awaited<ReturnType<typeof startPrinted>>;

before(async () => {
  if (skip === false) started = await startPrinted();
});

after(() => started?.close());

test('a host cannot have the answer to its output sent into what is of others', {
  skip,
}, async () => {
  const { as, manager } = started;
  await manager.streams.add({ name: 'KV_COURIER_POOL', subjects: ['$KV.COURIER_POOL.>'] });
  const [receiver, host] = [await as('receiver'), await as('web01')];
  await receiver.request(`${outputs}.web02`, 'of web02');
  const own = `${outputs}.web01=2Eexample=2Enet`;
  const answer = await host.request(own, 'of web01');
  assert.equal(answer.json<{ stream: string }>().stream, 'COURIER');
  const elsewhere = [
    `${outputs}.web02`,
    '$JS.API.STREAM.PURGE.COURIER',
    '$JS.API.STREAM.MSG.DELETE.COURIER',
    '$JS.API.STREAM.DELETE.COURIER',
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

test('a host has nothing deleted, rolled up, traced or scheduled, by no subject and no header', {
  skip,
}, async () => {
  const { as, manager } = started;
  const [receiver, host] = [await as('receiver'), await as('web01')];
  const [own, victim] = [`${outputs}.web01=2Eexample=2Enet`, `${outputs}.web02`];
  await receiver.request(victim, 'of web02');
  for (const verb of ['MSG.DELETE', 'MSG.GET', 'PURGE', 'DELETE']) {
    const asking = host.request(`$JS.API.STREAM.${verb}.COURIER`, '{"seq":1}');
    await assert.rejects(asking, /Permissions Violation for Publish/);
  }
  const tries = [
    ['Nats-Rollup', 'all'],
    ['Nats-Schedule-Target', victim],
    ['Nats-Request-Info', '{"acc":"COURIER"}'],
    ['Nats-Trace-Dest', victim],
    ['Nats-Subject', victim],
  ] as const;
  for (const [name, value] of tries) {
    const lines = headers();
    lines.set(name, value);
    lines.set('Nats-Schedule', '@at 2020-01-01T00:00:00Z');
    host.publish(own, 'of web01', { headers: lines });
    await host.request(own, 'of web01');
    const found = await manager.streams.getMessage('COURIER', { last_by_subj: victim });
    assert.equal(found?.string(), 'of web02', name);
  }
});

test('a site can have the server copy an output to another host, as docs/brokers.md says', {
  skip,
}, async () => {
  const { as, manager } = started;
  const [receiver, site] = [await as('receiver'), await as('site')];
  await receiver.request(`${outputs}.web05`, 'of web05');
  const reply = `${outputs}.web06`;
  site.publish(`$JS.API.DIRECT.GET.COURIER.${outputs}.web05`, '', { reply });
  await site.request('$JS.API.STREAM.INFO.COURIER');
  const found = await manager.streams.getMessage('COURIER', { last_by_subj: reply });
  assert.equal(found?.string(), 'of web05');
  await assert.rejects(site.request(reply, 'mine'), /Permissions Violation for Publish/);
});

test('what lies under a host and was packed for another is not delivered, and makes room', {
  skip,
}, async (t) => {
  const { as, server } = started;
  const receiver = await as('receiver');
  const [victim, writer] = [`${outputs}.web02`, new JetStreamValues(toUse(receiver))];
  const now = new Date();
  const packed = await packOutput({
    ...{ host: parseHostName('web01'), output: Buffer.from('<<<check_mk>>>\n') },
    ...{ producedAt: now, receivedAt: now, origin: 'test' },
  });
  const lines = headers();
  for (const [name, value] of packed.headers) lines.set(name, value);
  await receiver.request(victim, packed.body, { headers: lines, timeout: 5000 });
  const source = parseSourceUri(`nats://${server}/mysite/{host}`);
  const password = join(await makeTempDir(t), 'password');
  await writeFile(password, 'secret\n', { mode: 0o600 });
  const options = { user: ['site'], passwordFile: [password] };
  const transport = await nats.open({ uri: source, options }, makeOpenContext());
  t.after(() => transport.close());
  const fetching = transport.fetch(
    { host: parseHostName('web02'), address: undefined },
    neverAborts,
  );
  await expectFault(fetching, 'MALFORMED', /: what lies under web02 is the output of "web01"$/);
  const last = await writer.last(victim);
  assert.deepEqual(
    { ...last, sequence: 0 },
    { sequence: 0, producedAt: undefined, digest: undefined },
  );
});

test('whoever writes may remove what hides later messages, and only where servers need it', {
  skip,
}, async (t) => {
  const newer = await startPrinted([2, 10]);
  t.after(() => newer.close());
  for (const [{ as, manager }, left] of [[started, undefined] as const, [newer, 'old'] as const]) {
    const receiver = await as('receiver');
    const subject = `${outputs}.web03`;
    const { seq } = (await receiver.request(subject, 'old')).json<{ seq: number }>();
    const values = new JetStreamValues(toUse(receiver));
    assert.equal((await values.first(subject))?.sequence, seq);
    assert.equal(await values.first(`${outputs}.web04`), undefined);
    await values.remove(seq);
    const last = await manager.streams.getMessage('COURIER', { last_by_subj: subject });
    assert.equal(last?.string(), left);
  }
});

test('what a host writes into its headers does nothing to the terminal of who looks', {
  skip,
}, async (t) => {
  const { as, server } = started;
  const lines = headers();
  lines.set('Courier-Origin', 'a\u001b[2Jb\u009b31m|c');
  lines.set('More', '\u001b]0;x\u0007');
  const own = `${outputs}.web01=2Eexample=2Enet`;
  await (await as('web01')).request(own, 'of web01', { headers: lines, timeout: 5000 });
  const password = join(await makeTempDir(t), 'password');
  await writeFile(password, 'secret\n', { mode: 0o600 });
  const access = ['--site=mysite', '--user=admin', `--password-file=${password}`];
  const { said, ...context } = makeCommandContext();
  const command = ['broker', 'show', `nats://${server}`, 'web01.example.net', ...access];
  assert.equal(await main(command, { ...context, clock: systemClock }), 0, said.errors);
  const shown = said.output.split('\n').slice(3);
  assert.deepEqual(shown, ['Courier-Origin: a [2Jb 31m¦c', 'More: ]0;x', '']);
});

test('collectors of a pool hear what others tell of hosts with the rights that are printed', {
  skip,
}, async () => {
  const { as } = started;
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

test('a stream in which one message can take away or write others is told', { skip }, async () => {
  const { manager } = started;
  const wanted = { name: 'COURIER', subjects: 'courier.>', replicas: 1, maxAgeMs: 3_600_000 };
  const { config } = await manager.streams.update('COURIER', { allow_rollup_hdrs: true });
  const found = findDifferences({ ...config, sources: [], persist_mode: 'async' }, wanted);
  assert.deepEqual(found, [
    { setting: 'allow_rollup_hdrs', weight: 'loses', is: 'set', wanted: 'not set' },
    { setting: 'persist_mode', weight: 'loses', is: 'set', wanted: 'not set' },
  ]);
});
