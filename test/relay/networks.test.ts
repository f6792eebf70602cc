/** A relay with many hosts of five transports, behind a way that lets only HTTPS out. */

import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { listRelays } from '../../src/relay/records.ts';
import { readSpooled } from '../../src/spool/reading.ts';
import { skipWithoutNetworks } from '../doctor/networks/bed.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { RelayScene } from './networks/scene.ts';

const isLong = process.env['COURIER_TEST_LONG'] !== undefined;
const size = isLong ? { hosts: 500, everyS: 60 } : { hosts: 40, everyS: 1 };
/** Each of the long ones waits for hosts that are asked once a minute. */
const timeout = isLong ? 2_400_000 : 120_000;
const long = { skip: !isLong && 'long: test:long' };
/** How long the way is cut. */
const cutMs = isLong ? 600_000 : 1500;

/** And how long without anything else: until much has waited for more than one interval. */
const plainCutMs = size.everyS * 1700;

/** Output is so old when it is at the site: drops of the far hosts when they are looked at, and the way. */
const slackMs = 5000;

/**
 * Resolves when output of each host is there that was produced after now. Says when for the first
 * time no host was older than one interval, which is what the site calls fresh, and how old one was
 * from then on.
 */
async function allFresh(scene: RelayScene, t: TestContext): Promise<void> {
  const [sinceMs, intervalMs] = [Date.now(), size.everyS * 1000];
  let freshAfterMs: number | undefined;
  let oldestMs = 0;
  for (let isNew = false; !isNew; ) {
    const times = await Promise.all(scene.hosts.map((host) => scene.producedAt(host)));
    const nowMs = Date.now();
    const ageMs = nowMs - Math.min(...times);
    if (ageMs <= intervalMs + slackMs) freshAfterMs ??= nowMs - sinceMs;
    if (freshAfterMs !== undefined) oldestMs = Math.max(oldestMs, ageMs);
    isNew = times.every((time) => time >= sinceMs);
    // Looking at all of them takes processor time from what is measured.
    await sleep(isLong ? 2000 : 50);
  }
  const all = `all ${scene.hosts.length} hosts`;
  t.diagnostic(`${all} are no older than one interval after ${freshAfterMs} ms`);
  t.diagnostic(`from then on the oldest was ${oldestMs} ms old`);
  t.diagnostic(`${all} are from after the repair after ${Date.now() - sinceMs} ms`);
  // In the short form a busy machine alone may take longer than its intervals.
  if (isLong) assert.ok((freshAfterMs ?? Number.POSITIVE_INFINITY) <= intervalMs + slackMs);
}

/** Resolves when output of each host was received since then. */
async function allReceived(scene: RelayScene, sinceMs: number): Promise<void> {
  for (let isAll = false; !isAll; ) {
    await sleep(250);
    const times = await Promise.all(scene.hosts.map((host) => scene.receivedAt(host)));
    isAll = times.every((time) => time >= sinceMs);
  }
}

/** Mends the way, and counts what comes over it until every host has been heard of. */
async function assertOnlyTheNewest(scene: RelayScene, t: TestContext): Promise<void> {
  const before = await scene.counts();
  const sinceMs = Date.now();
  scene.mend();
  await allReceived(scene, sinceMs);
  const after = await scene.counts();
  const tookMs = Date.now() - sinceMs;
  const outputs = after.outputs - before.outputs;
  const messages = after.messages - before.messages;
  t.diagnostic(`${outputs} outputs in ${messages} messages within ${tookMs} ms`);
  // One that waited, and those of the cycles that have ended since.
  const cycles = scene.hosts.length * (1 + tookMs / (size.everyS * 1000));
  assert.ok(outputs <= cycles * 1.1, `${outputs} outputs`);
  // They grow again from one host, and then come as often as hosts are asked.
  assert.ok(messages <= 25 + tookMs / 200, `${messages} messages`);
}

describe('a relay over real networks', {
  skip: skipWithoutNetworks(),
  timeout,
}, () => {
  let directory: string;
  let scene: RelayScene;
  before(async () => {
    directory = await makeTempDir();
    scene = new RelayScene(directory, size);
    await scene.start();
  });
  after(async () => {
    scene?.bed.close();
    await removeTempDir(directory);
  });

  test('every host is fresh, and none is that is not of the relay', async (t) => {
    await allFresh(scene, t);
    const reading = { log: makeCollectingLog(), clock: systemClock };
    const foreign = await readSpooled(scene.spoolOf('one'), parseHostName('near01'), reading);
    assert.equal(foreign, undefined);
    const [relay] = await listRelays(scene.spoolOf('one'));
    assert.equal(relay?.name, 'far1');
  });

  test('the way is cut, and the relay killed meanwhile: all are fresh when it is back', async (t) => {
    scene.cut();
    await sleep(cutMs);
    await scene.killRelay();
    scene.startRelay();
    await sleep(isLong ? 5000 : 500);
    scene.mend();
    await allFresh(scene, t);
  });

  test('the way alone is cut: only the newest goes out, in few messages', long, async (t) => {
    scene.cut();
    await sleep(plainCutMs);
    await assertOnlyTheNewest(scene, t);
    await allFresh(scene, t);
  });

  test(
    'the first receiver is killed: the second has all, and the first again when it is back',
    long,
    async (t) => {
      await scene.killReceiver('one');
      await allFresh(scene, t);
      await scene.startReceiver('one');
      await allFresh(scene, t);
    },
  );

  test('both receivers are killed and started again', long, async (t) => {
    await Promise.all([scene.killReceiver('one'), scene.killReceiver('two')]);
    await sleep(5000);
    await Promise.all([scene.startReceiver('one'), scene.startReceiver('two')]);
    await allFresh(scene, t);
  });
});
