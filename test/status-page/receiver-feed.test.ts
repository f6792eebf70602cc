import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import type { RegisteredHost } from '../../src/receiver/state/hosts.ts';
import { listRelayedHosts, listRelays, writeHost, writeRelay } from '../../src/relay/records.ts';
import { findRelayStatuses } from '../../src/relay/status.ts';
import type { Batch, PartRow } from '../../src/status-page/feed.ts';
import { Figures } from '../../src/status-page/feeds/figures.ts';
import { ReceiverFeed } from '../../src/status-page/feeds/receiver-feed.ts';
import { receiverFigures } from '../../src/status-page/feeds/receiver-figures.ts';
import { type OnDisk, ReceiverTables } from '../../src/status-page/feeds/receiver-tables.ts';
import { Registrations } from '../../src/status-page/feeds/registrations.ts';
import { RelayedHosts } from '../../src/status-page/feeds/relayed-hosts.ts';
import { ofPushed, Remembered } from '../../src/status-page/feeds/remembered.ts';
import { SpooledParts } from '../../src/status-page/feeds/spooled-parts.ts';
import { History } from '../../src/status-page/history/history.ts';
import { PushedHosts } from '../../src/status-page/history/pushed-hosts.ts';
import type { RolloutOverview } from '../../src/updates/rollout/overview.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { goodOutput, type RunningReceiver, startReceiver } from '../receiver/running-receiver.ts';
import { openUploads } from '../receiver/uploading.ts';

const { signal } = new AbortController();

function makeFeed(
  { receiver, directory, log }: RunningReceiver,
  history?: History,
  registrations = new Registrations(async () => [], systemClock),
): ReceiverFeed {
  const spool = join(directory, 'spool');
  const onDisk: OnDisk = {
    relays: () => findRelayStatuses(spool, {}, Date.now()),
    certificates: async () => [],
    rollout: async () => rollout,
  };
  const around = {
    parts: new SpooledParts(spool, systemClock, log),
    remembered: new Remembered(history, systemClock, ofPushed),
    figures: new Figures(() => receiver.insight?.toMetrics() ?? [], receiverFigures, systemClock),
    describeUpdate: async () => [{ label: 'State', value: 'up to date' }],
    tables: new ReceiverTables(onDisk, systemClock),
    registrations,
    startedAt: new Date(),
    relayed: new RelayedHosts(
      {
        relays: () => listRelays(spool),
        onDisk: () => listRelayedHosts(spool),
        sinceStart: () => receiver.insight?.services.relays.hosts() ?? [],
      },
      systemClock,
    ),
  };
  return new ReceiverFeed(receiver, around, systemClock);
}

const rollout: RolloutOverview = {
  ...{ id: 'r7', startedAt: '2026-01-01T00:00:00Z', startedBy: 'ada', state: 'held' },
  hold: { since: '2026-01-02T00:00:00Z', by: 'the gate', why: 'too many failed' },
  words: 'held',
  stages: [
    {
      ...{ name: 'first', share: 0.01, isOpen: true, openedAt: '2026-01-01T00:00:00Z' },
      ...{ hosts: 5, asked: 4, absent: 1, installed: 2, failed: 1, silent: 0, waiting: 1 },
      limits: { failures: 0, silent: 0.1, successes: 3, soakMs: 1000, isByHand: false },
      words: '2 of 5 installed, 1 failed',
    },
  ],
};

const far1 = {
  ...{ id: 'token-1', name: 'far1', address: '192.0.2.7', version: '1', startedAtMs: 1 },
  ...{ lastContactMs: Date.now(), contactMs: 15_000, hosts: 3, waiting: 2, skewMs: 0 },
  isEnded: false,
};

async function listRows(feed: ReceiverFeed): Promise<readonly PartRow[]> {
  const rows: PartRow[] = [];
  for await (const batch of feed.list(undefined)) rows.push(...batch.rows);
  return rows;
}

test('hosts that push are listed, and not those that a collector brings into the same spool', async (t) => {
  const running = await startReceiver(t);
  const history = await History.load(join(running.directory, 'history'), running.log);
  const feed = makeFeed(running, history);
  running.receiver.insight?.storage.watch(new PushedHosts(history.hosts, systemClock).arrived);
  const token = await running.makeAccess({});
  const uploads = openUploads({ port: running.port, ca: running.certificates.rootCert, token });
  t.after(() => uploads.close());
  assert.equal((await uploads.put('web01', goodOutput)).status, 204);
  const now = new Date();
  await running.receiver.insight?.storage.put({
    ...{ host: parseHostName('db01'), output: goodOutput, producedAt: now, receivedAt: now },
    origin: 'collector tcp://192.0.2.1:6556',
  });
  const spool = join(running.directory, 'spool');
  await writeRelay(spool, far1);
  await writeHost(spool, parseHostName('db01'), {
    ...{ host: 'db01', relay: far1.id, relayName: far1.name },
  });
  await feed.part();
  await waitUntil(async () => (await feed.host(parseHostName('db01')))?.relayed?.length === 3);
  const rows = await listRows(feed);
  assert.deepEqual(
    rows.map(({ host, state, bytes, silentAfterMs }) => [host, state, bytes, silentAfterMs]),
    [['web01', 'fresh', goodOutput.length, 300_000]],
  );
  assert.match(rows[0]?.source ?? '', /^push upload /);
  const shown = await feed.host(parseHostName('web01'));
  assert.deepEqual(shown?.update, [{ label: 'State', value: 'up to date' }]);
  assert.deepEqual([shown?.sectionCount, shown?.remarks], [1, []]);
  assert.deepEqual(
    shown?.series?.map(({ name, values }) => [name, Number(values.at(-1)) < 60]),
    [['pushed', true]],
  );
  assert.deepEqual(history.hosts.toKept().hosts, ['web01']);
});

test('relays and stages are tables of the receiver', async (t) => {
  const running = await startReceiver(t);
  const nowMs = Date.now();
  await writeRelay(join(running.directory, 'spool'), { ...far1, lastContactMs: nowMs - 600_000 });
  const [panel] = await makeFeed(running).panels(signal);
  const find = (name: string) => panel?.tables.find((table) => table.name === name);
  assert.deepEqual(find('relays')?.rows, [
    {
      level: 'bad',
      cells: [
        'far1',
        'relay far1 has been silent for 10m',
        '192.0.2.7',
        3,
        2,
        nowMs - 600_000,
        '1',
      ],
    },
  ]);
  const stages = find('stages');
  assert.equal(stages?.title, 'Rollout r7: held, held by the gate: too many failed');
  assert.deepEqual(stages?.rows, [
    {
      level: 'bad',
      cells: ['first', 0.01, 'open', 5, 2, 1, 0, 1, '2 of 5 installed, 1 failed'],
    },
  ]);
});

test('what cannot be read is a row that says so, and without updates there is no table of them', async () => {
  const onDisk: OnDisk = {
    relays: async () => {
      throw new Error('the disk is gone');
    },
    certificates: async () => [],
    rollout: async () => undefined,
  };
  const tables = await new ReceiverTables(onDisk, systemClock).list(signal);
  assert.deepEqual(
    tables.map(({ name, rows }) => [name, rows.length]),
    [
      ['relays', 1],
      ['certificates', 0],
    ],
  );
  assert.match(String(tables[0]?.rows[0]?.cells[0]), /the disk is gone/);
});

test('a host that has only registered shows in the next listing, whenever the one before was', async (t) => {
  const running = await startReceiver(t);
  const clock = new FakeClock();
  let registered = [registeredHost('web01')];
  const feed = makeFeed(running, undefined, new Registrations(async () => registered, clock));
  const hostsSince = async (since: string | undefined) => {
    const batches: Batch[] = [];
    for await (const batch of feed.list(since)) batches.push(batch);
    const hosts = batches.flatMap(({ rows }) => rows.map(({ host, state }) => `${host} ${state}`));
    return [hosts, batches.at(-1)?.cursor] as const;
  };
  const [first, cursor] = await hostsSince(undefined);
  assert.deepEqual(first, ['web01 never']);
  registered = [...registered, registeredHost('web02')];
  assert.deepEqual((await hostsSince(cursor))[0], []);
  clock.advance(61_000);
  const [then, next] = await hostsSince(cursor);
  assert.deepEqual(then, ['web01 never', 'web02 never']);
  assert.deepEqual((await hostsSince(next))[0], []);
});

function registeredHost(host: string): RegisteredHost {
  return {
    ...{ host, uuid: randomUUID(), mode: 'push-agent', certificates: [], piggyback: [] },
    ...{ registeredAt: '2026-01-01T00:00:00Z', registeredBy: 'user ada' },
  };
}
