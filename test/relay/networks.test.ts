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

/**
 * Resolves when output of each host is there that was produced after now: one interval, and as long
 * as drops of the far hosts are old when they are looked at.
 */
async function allFresh(scene: RelayScene, t: TestContext): Promise<void> {
  const sinceMs = Date.now();
  let waiting = [...scene.hosts];
  while (waiting.length > 0) {
    const times = await Promise.all(waiting.map((host) => scene.producedAt(host)));
    waiting = waiting.filter((_, n) => (times[n] ?? 0) < sinceMs);
    await sleep(isLong ? 500 : 50);
  }
  t.diagnostic(`all ${scene.hosts.length} hosts are fresh after ${Date.now() - sinceMs} ms`);
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
