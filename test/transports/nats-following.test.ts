/**
 * Whoever follows a cluster gets the newest output of each host whatever happens to its servers, and
 * never an older one behind it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsServer } from '../peers/nats-server.ts';
import { FollowedCluster } from './nats/cluster.ts';
import { skipNats as skip } from './nats/conformance-peer.ts';

const isLong = process.env['COURIER_TEST_LONG'] !== undefined;

/** Ends a server in some way, and what brings it back. */
type Fault = (server: NatsServer) => Promise<() => Promise<void> | void>;

const kill: Fault = async (server) => {
  await server.kill();
  return () => server.start();
};
const end: Fault = async (server) => {
  await server.stop();
  return () => server.start();
};
const pause: Fault = async (server) => {
  server.pause();
  return () => server.resume();
};

/** @returns after how many milliseconds all hosts were caught up with, while the server was away */
async function survive(
  cluster: FollowedCluster,
  server: NatsServer,
  fault: Fault,
): Promise<number> {
  const startedAt = performance.now();
  const bringBack = await fault(server);
  await cluster.untilCaughtUp();
  const tookMs = performance.now() - startedAt;
  await bringBack();
  await cluster.peer.settle();
  await cluster.untilCaughtUp();
  assert.deepEqual(cluster.listener.wrong, []);
  return tookMs;
}

test('the server that a follower is connected to ends: the newest of each host comes from another', {
  skip: skip || (isLong && 'the long form does more'),
  timeout: 60_000,
}, async (t) => {
  const cluster = await FollowedCluster.start(t, true);
  await end(await cluster.findConnected());
  await cluster.untilCaughtUp();
  assert.deepEqual(cluster.listener.wrong, []);
  assert.ok(cluster.listener.news.includes('foreign'));
});

test('whatever happens to servers of a cluster, the newest of each host comes, and nothing older behind it', {
  skip: skip || (!isLong && 'in the long form only'),
  timeout: 1_800_000,
}, async (t) => {
  const cluster = await FollowedCluster.start(t);
  const connected = () => cluster.findConnected();
  const leader = async () => (await cluster.peer.findLeader('COURIER')) ?? cluster.findConnected();
  const consumer = () => cluster.findConsumer();
  const rounds = Number(process.env['COURIER_CLUSTER_ROUNDS'] ?? 3);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, find] of Object.entries({ connected, leader, consumer })) {
      for (const fault of [kill, end, pause]) {
        const tookMs = await survive(cluster, await find(), fault);
        t.diagnostic(`${name} ${fault.name}: ${Math.round(tookMs)} ms`);
      }
    }
    t.diagnostic(`all restarted: ${Math.round(await restartAll(cluster))} ms`);
  }
});

async function restartAll(cluster: FollowedCluster): Promise<number> {
  const { servers } = cluster.peer;
  await Promise.all(servers.map((server) => server.kill()));
  await sleep(500);
  for (const server of servers) server.launch();
  const startedAt = performance.now();
  await cluster.peer.settle();
  await cluster.untilCaughtUp();
  assert.deepEqual(cluster.listener.wrong, []);
  return performance.now() - startedAt;
}
