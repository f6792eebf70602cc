import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { NatsConnection } from '@nats-io/transport-node';
import { parseOptions } from '../../src/cli/options.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { type HostName, parseHostName } from '../../src/names/host-name.ts';
import { natsOptions } from '../../src/nats/options.ts';
import { parseNatsServers } from '../../src/nats/servers.ts';
import { NatsSession } from '../../src/nats/session.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { nats } from '../../src/transports/nats/nats.ts';
import { parseSourceUri, type Source } from '../../src/transports/source.ts';
import type { Subscriber } from '../../src/transports/transport.ts';
import { startDaemon } from '../helpers/daemon.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { openTestSession } from '../nats/sessions.ts';
import { natsProgram, skipWithoutNats } from '../peers/nats-program.ts';
import { type NatsPeer, startNatsServers } from '../peers/nats-server.ts';
import { runBroker as run, writeConfiguration } from './nats-configuration.ts';

const skip = skipWithoutNats();
let peer: NatsPeer;

before(async () => {
  if (skip === false) peer = await startNatsServers();
});

after(() => peer?.close());

test('init makes the stream once, check says what differs and changes nothing', {
  skip,
}, async (t) => {
  const url = peer.urls.join();
  const none = await run('check', url);
  const line = `has no stream COURIER; \`cmk-courier broker init\` makes it (NO_OUTPUT)\n`;
  assert.equal(none.errors, `cmk-courier: broker: ${url.replace('nats://', '')} ${line}`);
  const shown = await run('show', url, 'web02', '--site=mysite');
  assert.equal(shown.errors, none.errors);
  const several = await run('init', url);
  assert.match(
    several.errors,
    /replicas > 1 not supported in non-clustered mode"; --replicas is 3; for a single server give --replicas=1 \(PEER\)\n$/,
  );
  const made = await run('init', url, '--replicas=1');
  assert.equal(made.output, 'stream COURIER made: courier.>, 1 replica, for 7d\n');
  const short = await run('init', url, '--max-age=0s');
  const least = 'cmk-courier: broker: --max-age must be at least 5m, not "0s" (USAGE)\n';
  assert.equal(short.errors, least);
  const again = await run('init', url, '--replicas=1', '--max-age=1d');
  assert.equal(
    again.output,
    'stream COURIER is there already and stays as it is; `broker check` says what differs\n',
  );
  const good = await run('check', url, '--replicas=1', '--max-age=1d');
  assert.equal(good.code, 0);
  assert.match(good.output, /\ndiffers: max_age is 7d, wanted is 1d\n$/);
  const { session } = openTestSession(t, peer.urls);
  const { jetstreamManager } = await import('@nats-io/jetstream');
  const manager = await jetstreamManager(await session.connection(neverAborts));
  await manager.streams.update('COURIER', { max_msgs_per_subject: 3 });
  const bad = await run('check', url, '--replicas=1');
  assert.equal(bad.code, 3);
  assert.match(bad.output, /\nwrong: max_msgs_per_subject is 3, wanted is 1\n$/);
  const json = await run('check', url, '--replicas=1', '--json');
  assertDocument('broker check', json.output);
  assert.equal((await manager.streams.info('COURIER')).config.max_msgs_per_subject, 3);
});

test('show says what the stream has of a host', { skip }, async (t) => {
  const url = peer.urls.join();
  await run('init', url, '--replicas=1');
  const { session } = openTestSession(t, peer.urls);
  const connection = await session.connection(neverAborts);
  await connection.request('courier.mysite.output.web02', 'text');
  const shown = await run('show', url, 'web02', '--site=mysite');
  assert.match(
    shown.output,
    /^web02: courier\.mysite\.output\.web02, message \d+, 4 bytes\nproduced .* ago\)\nstored {3}.* ago\)\n$/,
  );
  const json = await run('show', url, 'web02', '--site=mysite', '--json');
  assertDocument('broker show', json.output);
  const none = await run('show', url, 'web09', '--site=mysite');
  assert.equal(
    none.errors,
    'cmk-courier: broker: the stream COURIER has nothing of web09 (NO_OUTPUT)\n',
  );
});

test('nats-server takes the configuration that init prints, and each user may do its own and no more', {
  skip,
}, async (t) => {
  const server = await startConfigured(t);
  const admin = ['--user=admin', `--password-file=${server.directory}/admin`, `--ca=${server.ca}`];
  const made = await run('init', server.url, '--replicas=1', ...admin);
  assert.equal(made.errors, '');
  const outputs = 'courier.mysite.output';
  const api = '$JS.API';
  const may: Readonly<Record<string, readonly string[]>> = {
    receiver: [`${outputs}.web02`, `${api}.STREAM.MSG.GET.COURIER`],
    site: [`${api}.DIRECT.GET.COURIER.${outputs}.web02`, `${api}.STREAM.INFO.COURIER`],
    web01: [`${outputs}.web01=2Eexample=2Enet`],
  };
  const mayNot: Readonly<Record<string, readonly string[]>> = {
    receiver: [
      'courier.other.output.web02',
      `${api}.STREAM.DELETE.COURIER`,
      `${api}.STREAM.PURGE.COURIER`,
      `${api}.CONSUMER.CREATE.COURIER`,
    ],
    site: [
      `${outputs}.web02`,
      `${api}.STREAM.MSG.GET.COURIER`,
      `${api}.DIRECT.GET.COURIER`,
      `${api}.DIRECT.GET.COURIER.courier.other.output.web02`,
      `${api}.CONSUMER.CREATE.COURIER.name.courier.other.output.web02`,
      `${api}.STREAM.PURGE.COURIER`,
    ],
    web01: [`${outputs}.web02`, `${api}.DIRECT.GET.COURIER.${outputs}.web02`],
  };
  for (const user of ['receiver', 'site', 'web01']) {
    const connection = await server.connect(user);
    for (const subject of may[user] ?? []) {
      assert.equal(await isForbidden(connection, subject), false, `${user} ${subject}`);
    }
    for (const subject of mayNot[user] ?? []) {
      assert.equal(await isForbidden(connection, subject), true, `${user} ${subject}`);
    }
    for (const subject of ['courier.>', '_INBOX.>', '_INBOX.admin.>']) {
      assert.equal(await mayListen(connection, subject), false, `${user} listens to ${subject}`);
    }
  }
});

test('the user of a site follows its outputs with the rights that init prints, and no others', {
  skip,
}, async (t) => {
  const server = await startConfigured(t);
  const admin = ['--user=admin', `--password-file=${server.directory}/admin`, `--ca=${server.ca}`];
  await run('init', server.url, '--replicas=1', ...admin);
  const receiver = await server.connect('receiver');
  for (const user of ['site', 'collector']) {
    const host = parseHostName(`before-${user}`);
    await receiver.request(`courier.mysite.output.${host}`, 'text');
    const own = [`--user=${user}`, `--password-file=${server.directory}/${user}`];
    const shown = await run('show', server.url, host, '--site=mysite', ...own, `--ca=${server.ca}`);
    assert.match(
      shown.output,
      new RegExp(`^${host}: courier\\.mysite\\.output\\.${host}, message `),
    );
    const heard = await server.follow(user, 'mysite', [host]);
    await waitUntil(() => heard.news.includes('following'));
    assert.deepEqual(heard.arrived, [`${host} text`]);
    await receiver.request(`courier.mysite.output.${host}`, 'more');
    await waitUntil(() => heard.arrived.length === 2);
    const { news } = await server.follow(user, 'other', [host]);
    await waitUntil(() => news.length > 0);
    assert.match(news.join(), /^REFUSED following COURIER at .*: the server does not allow it/);
  }
});

interface Configured {
  readonly url: string;
  readonly directory: string;
  readonly ca: string;
  connect(user: string): Promise<NatsConnection>;
  follow(user: string, site: string, hosts: readonly HostName[]): Promise<Heard>;
}

interface Heard {
  readonly news: string[];
  readonly arrived: string[];
}

async function startConfigured(t: TestContext): Promise<Configured> {
  const { directory, ca, port, file } = await writeConfiguration(t);
  const daemon = await startDaemon(natsProgram(), ['-c', file], { port });
  t.after(() => daemon.stop());
  return {
    url: `nats://127.0.0.1:${port}`,
    directory,
    ca,
    connect: async (user) => {
      const options = { user: [user], passwordFile: [join(directory, user)], ca: [ca] };
      const values = parseOptions(natsOptions, options);
      const servers = parseNatsServers(`127.0.0.1:${port}`);
      const session = new NatsSession(servers, values, makeOpenContext());
      t.after(() => session.close());
      return session.connection(neverAborts);
    },
    follow: (user, site, hosts) => {
      const uri = parseSourceUri(`nats://127.0.0.1:${port}/${site}/{host}`);
      const options = { user: [user], passwordFile: [join(directory, user)], ca: [ca] };
      return follow(t, { uri, options }, hosts);
    },
  };
}

async function follow(t: TestContext, source: Source, hosts: readonly HostName[]): Promise<Heard> {
  const transport = await nats.open(source, makeOpenContext());
  const heard: Heard = { news: [], arrived: [] };
  const ended = new AbortController();
  const subscriber: Subscriber = {
    wanted: new Map(hosts.map((host) => [host, { host, address: undefined }])),
    deliver: async ({ host }, arrival) => {
      const what = arrival instanceof CourierError ? arrival.code : arrival.output.toString();
      heard.arrived.push(`${host} ${what}`);
    },
    tell: (news) =>
      heard.news.push(news instanceof CourierError ? `${news.code} ${news.message}` : news),
  };
  const subscribed = transport.subscribe?.(subscriber, ended.signal);
  t.after(async () => {
    ended.abort(new CourierError('INTERRUPTED', 'the test ends'));
    await subscribed;
    await transport.close();
  });
  return heard;
}

/** What is answered, or by nobody, is allowed. */
async function isForbidden(connection: NatsConnection, subject: string): Promise<boolean> {
  try {
    await connection.request(subject, '', { timeout: 500 });
    return false;
  } catch (error) {
    return /permissions? violation/i.test(`${error} ${error instanceof Error && error.cause}`);
  }
}

async function mayListen(connection: NatsConnection, subject: string): Promise<boolean> {
  const refused = Promise.withResolvers<boolean>();
  connection.subscribe(subject, { callback: (error) => refused.resolve(error === null) });
  await connection.flush();
  const soon = new Promise<boolean>((resolve) => setTimeout(resolve, 300, true));
  return Promise.race([refused.promise, soon]);
}
