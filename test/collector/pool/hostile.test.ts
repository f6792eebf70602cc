/** What others may write into the bucket and say on the subjects of a pool. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBeat, writeBeat } from '../../../src/collector/pool/beat.ts';
import { packRecords } from '../../../src/collector/pool/due-records.ts';
import type { Beat } from '../../../src/collector/pool/membership.ts';
import { toNameKey } from '../../../src/collector/pool/placing.ts';
import { everyMs, Simulation } from './simulated-pool.ts';

const hosts = Array.from({ length: 50 }, (_, index) => ({ name: `host${index}` }));
const beat: Beat = { member: 'b', instance: '1', state: 'asking', networks: [] };

test('what is no beat is none', () => {
  const accepted = [beat, { ...beat, member: 'köln-1.example' }, { ...beat, networks: ['dmz'] }];
  assert.deepEqual(
    accepted.map((good) => readBeat(writeBeat(good))),
    accepted,
  );
  const refused = [
    ...['', '{', 'null', '7', '[]', '"asking"', '{}', ' '.repeat(1_000_000)],
    ...[
      { member: '' },
      { member: 7 },
      { member: 'a\u001b[2J' },
      { member: 'a b' },
      { member: 'a'.repeat(256) },
      { instance: {} },
      { state: 'dead' },
      { networks: 'dmz' },
      { networks: [{}] },
      { networks: Array.from({ length: 257 }, () => 'dmz') },
    ].map((change) => JSON.stringify({ ...beat, ...change })),
  ];
  assert.deepEqual(
    refused.filter((text) => readBeat(text) !== undefined),
    [],
  );
});

test('ten thousand members cost no more than a crowd, and are forgotten when they are silent', () => {
  const simulation = new Simulation(hosts);
  const { pool } = simulation.add('a');
  simulation.run(everyMs);
  for (let index = 0; index < 10_000; index += 1) {
    pool.heardBeat({ ...beat, member: `forged${index}` });
  }
  assert.equal(pool.status().members.length, 256);
  simulation.run(everyMs / 2);
  assert.equal(pool.status().members.length, 1);
  assert.equal(pool.status().ours, hosts.length);
});

test('nobody puts a host off for longer than a member would', () => {
  const simulation = new Simulation(hosts);
  const { pool } = simulation.add('a');
  const b = simulation.add('b');
  simulation.run(2 * everyMs);
  const dueInMs = 2 ** 32 - 1;
  pool.heardRecords(
    'b',
    packRecords(hosts.map(({ name }) => ({ key: toNameKey(name).whole, dueInMs }))),
  );
  pool.heardRecords('b', Buffer.from('garbage that is no record at all'));
  b.kill();
  simulation.run(7 * everyMs);
  assert.ok(simulation.longestGapMs(0, simulation.nowMs) <= 6.6 * everyMs);
});

test('nobody who is no member puts off hosts that are ours more than once, and for an interval', () => {
  const simulation = new Simulation(hosts);
  const { pool } = simulation.add('a');
  simulation.run(2 * everyMs);
  const records = packRecords(
    hosts.map(({ name }) => ({ key: toNameKey(name).whole, dueInMs: everyMs })),
  );
  const fromMs = simulation.nowMs;
  for (let turn = 0; turn < 40; turn += 1) {
    pool.heardRecords('stranger', records);
    simulation.run(10_000);
  }
  assert.ok(simulation.longestGapMs(fromMs, simulation.nowMs) <= 2 * everyMs);
  const late = simulation.nowMs - 2 * everyMs;
  assert.ok(simulation.longestGapMs(late, simulation.nowMs) <= everyMs);
});

test('a thousand questions are answered once', () => {
  const simulation = new Simulation(hosts);
  const { pool } = simulation.add('a');
  simulation.run(everyMs);
  let told = 0;
  const nothing = () => undefined;
  const tell = () => (told += 1);
  pool.reachedBy({ announce: nothing, question: nothing, tellHosts: nothing, tell });
  for (let index = 0; index < 1000; index += 1) pool.heardQuestion();
  assert.equal(told, 0);
  pool.look();
  assert.equal(told, 1);
  for (let index = 0; index < 1000; index += 1) pool.heardQuestion();
  pool.look();
  assert.equal(told, 1);
});

test('a member that comes and goes again and again costs no host its interval', () => {
  const simulation = new Simulation(hosts);
  simulation.add('a');
  const b = simulation.add('b');
  simulation.run(2 * everyMs);
  for (let turn = 0; turn < 8; turn += 1) {
    b.stop();
    simulation.run(12_000);
    b.continue();
    simulation.run(7000);
  }
  assert.ok(simulation.longestGapMs(0, simulation.nowMs) <= everyMs + 15_000);
});
