/**
 * What was acknowledged is in the stream afterwards, or something newer, whatever happens to servers,
 * receivers and collectors. `npm run test:long` does it to a cluster of three, 200 times.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { skipWithoutNats } from '../peers/nats-program.ts';
import type { NatsServer } from '../peers/nats-server.ts';
import { openStage, type Service, type Stage } from './stage.ts';

const skip = skipWithoutNats();
const isLong = process.env['COURIER_TEST_LONG'] !== undefined;
const wantedFaults = Number(process.env['COURIER_BROKER_FAULTS'] ?? 200);

/** Of each host of the long form. */
const intervalMs = 10_000;

/** Does something bad and mends it. */
type Fault = (stage: Stage) => Promise<void>;

test('a server and a receiver are killed and started again: all that was acknowledged is in the stream', {
  skip: skip || (isLong && 'the long form does more'),
  timeout: 60_000,
}, async (t) => {
  const stage = await openStage(t, { nats: {}, hosts: 20, intervalMs: 400, collectors: 0 });
  stage.send();
  await sleep(600);
  await killAll(stage);
  await killReceiver(stage, 0);
  await assertKept(stage);
});

test('200 faults in a cluster of three: nothing acknowledged is lost, and no site shows anything older', {
  skip: skip || (!isLong && 'in the long form only'),
  timeout: 3_600_000,
}, async (t) => {
  const disk = mountSmallDisk(t, await makeTempDir());
  const storeOf = (index: number) => (index === 2 ? disk : undefined);
  const nats = { servers: 3, storeOf } as const;
  const stage = await openStage(t, { nats, hosts: 1000, intervalMs, collectors: 2 });
  const faults = listFaults(disk);
  stage.send();
  await sleep(12_000);
  /** After how many milliseconds all hosts were fresh, after each fault by its name. */
  const freshMs = new Map<string, number[]>();
  for (let count = 1; count <= wantedFaults; count += 1) {
    const [name, fault] = faults[count % faults.length] ?? ['', killAll];
    await fault(stage);
    const [tookMs] = await Promise.all([waitUntilFresh(stage), assertKept(stage)]);
    freshMs.set(name, [...(freshMs.get(name) ?? []), tookMs]);
    if (count % 20 === 0) tell(t, describe(count, freshMs, stage));
  }
  if (wantedFaults % 20 !== 0) tell(t, describe(wantedFaults, freshMs, stage));
});

/** At once, too: what node:test prints comes after an hour. */
function tell(t: TestContext, text: string): void {
  process.stderr.write(`${text}\n`);
  t.diagnostic(text);
}

/** Nothing is missing, or the test would have ended: what a server hid is there again, or a newer one. */
function describe(
  count: number,
  freshMs: ReadonlyMap<string, readonly number[]>,
  stage: Stage,
): string {
  const { acknowledged, sent, refused, lost } = stage.counts;
  const kinds = [...freshMs].map(([name, tookMs]) => `  ${name}: ${describeTimes(tookMs)}`);
  const told = stage.receivers.reduce((sum, receiver) => sum + receiver.told(), 0);
  return [
    `${count} faults; ${acknowledged} of ${sent} outputs acknowledged, ${refused} refused, ${lost} without an answer; none is missing`,
    `receivers told of ${told} that a server had hidden; the store is at block ${stage.newestBlock()}`,
    `all hosts fresh at both sites: ${describeTimes([...freshMs.values()].flat())}`,
    ...kinds,
  ].join('\n');
}

function describeTimes(tookMs: readonly number[]): string {
  const sorted = [...tookMs].sort((a, b) => a - b);
  const [median = 0, worst = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const late = sorted.filter((ms) => ms > intervalMs).length;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return `${sorted.length} times, median ${seconds(median)}, longest ${seconds(worst)}, ${late} later than an interval of ${seconds(intervalMs)}`;
}

/** Also what waits at a receiver has to get there, so it may take a moment. */
async function assertKept(stage: Stage): Promise<void> {
  let missing: ReadonlyMap<string, number> = new Map(stage.acknowledged);
  for (const giveUpAt = performance.now() + 60_000; performance.now() < giveUpAt; ) {
    // Nor may there be anybody to ask just now: those are asked again, and they alone.
    missing = await stage.findMissing(missing);
    if (missing.size === 0) return;
    await sleep(100);
  }
  assert.fail(await stage.explainMissing(missing));
}

/** @returns after how many milliseconds every host is fresh at both sites */
async function waitUntilFresh(stage: Stage): Promise<number> {
  const [sinceMs, startedAt] = [Date.now(), performance.now()];
  let isLate = false;
  for (;;) {
    const { wrong, stale } = stage.lookAtSites(sinceMs - intervalMs);
    assert.deepEqual(wrong, [], 'shown, and older than what was shown before');
    const tookMs = performance.now() - startedAt;
    if (stale.length === 0) return tookMs;
    if (tookMs > 120_000) assert.fail(await stage.explain(stale));
    if (tookMs > intervalMs && !isLate) {
      isLate = true;
      process.stderr.write(`after ${Math.round(tookMs)} ms ${await stage.explain(stale)}\n`);
    }
    await sleep(200);
  }
}

/** Again and again in this order. */
function listFaults(disk: string | undefined): readonly (readonly [name: string, fault: Fault])[] {
  return [
    ['leader killed', (stage) => withLeader(stage, (leader) => leader.kill())],
    ['receiver killed', (stage) => killReceiver(stage, 0)],
    ['collector killed', killCollector],
    ['server stopped (SIGSTOP)', stopServer],
    ['receiver killed', (stage) => killReceiver(stage, 1)],
    ['leader ended', (stage) => withLeader(stage, (leader) => leader.stop())],
    ['disk full', (stage) => fillDisk(stage, disk)],
    ['receiver killed', (stage) => killReceiver(stage, 0)],
    ['all servers killed', killAll],
    ['collector killed', killCollector],
    ['receiver killed while the leader is dead', killLeaderAndReceiver],
  ];
}

async function withLeader(stage: Stage, end: (leader: NatsServer) => Promise<void>) {
  const leader = (await stage.peer.findLeader('COURIER')) ?? stage.peer.servers[0];
  if (leader === undefined) return;
  await end(leader);
  await sleep(500 + Math.random() * 2000);
  await leader.start();
  await stage.peer.settle();
}

async function again(service: Service | undefined): Promise<void> {
  await service?.kill();
  await sleep(Math.random() * 500);
  await service?.start();
}

function killReceiver(stage: Stage, index: number): Promise<void> {
  return again(stage.receivers[index]);
}

async function killCollector(stage: Stage): Promise<void> {
  await again(stage.collectors[Math.floor(Math.random() * stage.collectors.length)]);
}

async function stopServer(stage: Stage): Promise<void> {
  const server = stage.peer.servers[Math.floor(Math.random() * stage.peer.servers.length)];
  server?.pause();
  await sleep(2000 + Math.random() * 4000);
  server?.resume();
  await stage.peer.settle();
}

async function killLeaderAndReceiver(stage: Stage): Promise<void> {
  await withLeader(stage, async (leader) => {
    await leader.kill();
    await sleep(1500);
    await again(stage.receivers[1]);
  });
}

async function killAll(stage: Stage): Promise<void> {
  await Promise.all(stage.peer.servers.map((server) => server.kill()));
  await sleep(Math.random() * 1000);
  for (const server of stage.peer.servers) server.launch();
  await stage.peer.settle();
}

/** The server on it gives up JetStream, and has to be started again. */
async function fillDisk(stage: Stage, disk: string | undefined): Promise<void> {
  const server = stage.peer.servers[2];
  if (disk === undefined || server === undefined) return withLeader(stage, (one) => one.kill());
  const { bavail, bsize } = statfsSync(disk);
  const file = join(disk, 'full');
  try {
    writeFileSync(file, Buffer.alloc(bavail * bsize));
  } catch {
    // It is full, then.
  }
  await sleep(4000);
  rmSync(file, { force: true });
  await server.kill();
  await server.start();
  await stage.peer.settle();
}

/** Undefined where nobody may mount. */
function mountSmallDisk(t: TestContext, directory: string): string | undefined {
  const disk = join(directory, 'disk');
  mkdirSync(disk);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128m', 'tmpfs', disk]);
  if (status !== 0) return undefined;
  t.after(() => {
    spawnSync('umount', ['-l', disk]);
    rmSync(directory, { recursive: true, force: true });
  });
  return disk;
}
