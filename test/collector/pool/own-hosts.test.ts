/** What a collector in a pool tells and does is about the hosts that it asks. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import { findLeft } from '../../../src/collector/ask-status.ts';
import { Collector } from '../../../src/collector/collector.ts';
import { usualTimes } from '../../../src/collector/pool/contract.ts';
import { Pool } from '../../../src/collector/pool/pool.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import type { Batch } from '../../../src/status-page/feed.ts';
import { CollectorFeed } from '../../../src/status-page/feeds/collector-feed.ts';
import { collectorFigures } from '../../../src/status-page/feeds/collector-panel.ts';
import { Figures } from '../../../src/status-page/feeds/figures.ts';
import { GoneHosts } from '../../../src/status-page/feeds/gone-hosts.ts';
import { Remembered } from '../../../src/status-page/feeds/remembered.ts';
import { SpooledParts } from '../../../src/status-page/feeds/spooled-parts.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { makeOutput } from '../running-collector.ts';

const names = Array.from({ length: 10 }, (_, index) => `host${index}`);

/** A collector with a pool, and what a status page would ask it. */
async function startMember(t: TestContext) {
  const directory = await makeTempDir(t);
  const drops = join(directory, 'drops');
  mkdirSync(drops);
  for (const name of names) writeFileSync(join(drops, name), makeOutput(name));
  const routesPath = join(directory, 'routes.yaml');
  writeFileSync(
    routesPath,
    `routes: [{ hosts: [${names}], sources: '${drops}/{host}', every: 1s }]\n`,
  );
  const [clock, log] = [systemClock, makeCollectingLog()];
  const times = { ...usualTimes, silenceMs: 300, handoverMs: 50 };
  const pool = new Pool({ member: 'a', instance: '1', networks: [], times, clock, log });
  const context = { ...makeCommandContext(), clock, log, env: process.env };
  const [readyDirectory, spoolDirectory] = [join(directory, 'ready'), join(directory, 'spool')];
  const places = { routesPath, readyDirectory, spoolDirectory };
  const gone = new GoneHosts();
  const limits = { maxSpoolBytes: 1e9, maxSpoolHosts: 1000 };
  const collector = new Collector({ ...places, ...limits, pool, outlets: [gone] }, context);
  t.after(() => collector.stop());
  await collector.start();
  const figures = new Figures(() => collector.toMetrics(), collectorFigures, clock);
  const parts = new SpooledParts(spoolDirectory, clock, log);
  const around = { parts, figures, gone, remembered: new Remembered(undefined, clock) };
  const feed = new CollectorFeed(collector, around, clock);
  return { pool, collector, feed, socket: join(directory, 'collector.sock') };
}

async function list(feed: CollectorFeed, since?: string) {
  const batches: Batch[] = [];
  for await (const batch of feed.list(since)) batches.push(batch);
  const hosts = batches.flatMap(({ rows }) => rows.map(({ host }) => host));
  return { hosts, cursor: batches[0]?.cursor, isWhole: batches[0]?.isWhole };
}

test('status, metrics, page and fetches of a collector are about its own hosts, also once some are another’s', async (t) => {
  const { pool, collector, feed, socket } = await startMember(t);
  await waitUntil(() => collector.status().cycles.good >= names.length);
  const before = await list(feed);
  assert.deepEqual(before.hosts, names);

  pool.heardBeat({ member: 'b', instance: '2', state: 'asking', networks: [] });
  const ours = collector.status().hosts.map(({ host }) => host);
  assert.ok(ours.length > 0 && ours.length < names.length, `${ours}`);
  const after = await list(feed, before.cursor);
  assert.deepEqual([after.hosts, after.isWhole], [ours, true]);
  const served = collector.toMetrics().find(({ name }) => name === 'hosts');
  const samples = served === undefined || served.type === 'histogram' ? [] : served.samples;
  assert.equal(
    samples.reduce((sum, { value }) => sum + value, 0),
    ours.length,
  );
  for (const name of names) {
    const host = parseHostName(name);
    const isOurs = ours.includes(name);
    assert.equal(collector.fetchNow(host), isOurs);
    const why = isOurs ? undefined : 'it is asked by "b", a member of the pool';
    assert.equal(await feed.whyLeft(host), why);
    assert.equal(await findLeft(socket, host, AbortSignal.timeout(60_000)), why);
  }
  assert.equal(collector.fetchNow(parseHostName('nobody')), false);
  const [panel] = await feed.panels();
  const [table] = panel?.tables ?? [];
  assert.deepEqual(
    table?.rows.map(({ cells }) => cells.slice(0, 3)),
    [
      ['a', 'asking', names.length],
      ['b', 'asking', ''],
    ],
  );
});
