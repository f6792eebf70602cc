/** Members whose routes files are not the same. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packHostSet } from '../../../src/collector/pool/host-sets.ts';
import { everyMs, type HostSpec, type SimulatedMember, Simulation } from './simulated-pool.ts';

const hosts: readonly HostSpec[] = Array.from({ length: 200 }, (_, index) => ({
  name: `host${index}`,
}));
/** What a member has beside them. */
const further: readonly HostSpec[] = Array.from({ length: 40 }, (_, index) => ({
  name: `new${index}`,
}));
const all = [...hosts, ...further];

/** What is in its log of routes. */
function saidBy({ log }: SimulatedMember): readonly string[] {
  return log.lines.filter((line) => line.includes('routes'));
}

function versionOf({ pool }: SimulatedMember): string {
  const { member, members } = pool.status();
  return members.find((one) => one.member === member)?.shares?.routes.slice(0, 8) ?? '';
}

/** Who asked hosts within the last interval, by host. */
function askersOf(simulation: Simulation): ReadonlyMap<string, readonly string[]> {
  const late = simulation.askings.filter(({ atMs }) => atMs > simulation.nowMs - everyMs);
  const byHost = Map.groupBy(late, ({ host }) => host);
  const namesOf = (asked: typeof late) => [...new Set(asked.map(({ member }) => member))];
  return new Map([...byHost].map(([host, asked]) => [host, namesOf(asked)]));
}

test('hosts that only some members know are asked by those, once in each interval', () => {
  const simulation = new Simulation(all);
  const [a, b, c] = [
    simulation.add('a', [], all),
    simulation.add('b', [], hosts),
    simulation.add('c', [], [...hosts, ...further.slice(0, 20)]),
  ];
  simulation.run(4 * everyMs);
  const askers = askersOf(simulation);
  assert.deepEqual([...askers.keys()].sort(), all.map(({ name }) => name).sort());
  assert.ok([...askers.values()].every((members) => members.length === 1));
  const of = (specs: readonly HostSpec[]) =>
    new Set(specs.flatMap(({ name }) => askers.get(name) ?? []));
  assert.deepEqual(of(further.slice(20)), new Set(['a']));
  assert.deepEqual(of(further.slice(0, 20)), new Set(['a', 'c']));
  assert.equal(simulation.twice(3 * everyMs, simulation.nowMs), 0);

  c.kill();
  simulation.run(2 * everyMs);
  assert.equal(askersOf(simulation).size, all.length);
  assert.equal(a.pool.status().ours + b.pool.status().ours, all.length);
});

test('each member tells who has what: in its log once, and in its status at once', () => {
  const simulation = new Simulation(all);
  const [a, b] = [simulation.add('a', [], all), simulation.add('b', [], hosts)];
  simulation.run(3 * everyMs);
  const difference = `routes differ between members of the pool: a: 240 hosts, version ${versionOf(a)}; b: 200 hosts, version ${versionOf(b)}`;
  for (const member of [a, b]) {
    assert.equal(member.pool.status().difference, difference);
    assert.deepEqual(saidBy(member), [`warn ${difference} {}`]);
  }
  b.reload(all);
  simulation.run(400);
  assert.equal(a.pool.status().difference, undefined);
  simulation.run(2 * everyMs);
  assert.deepEqual(saidBy(a).slice(1), [
    'info all members of the pool have the same routes again {}',
  ]);
  assert.equal(askersOf(simulation).size, all.length);
});

test('the same hosts asked elsewhere are a difference, and those who reload one after another are none', () => {
  const simulation = new Simulation(hosts);
  const [a, b] = [simulation.add('a'), simulation.add('b')];
  simulation.run(everyMs);
  const elsewhere = hosts.map((host) => ({ ...host, source: 'https://depot/{host}' }));
  a.reload(elsewhere);
  simulation.run(8000);
  assert.match(
    b.pool.status().difference ?? '',
    /: a: 200 hosts, version .*; b: 200 hosts, version /,
  );
  b.reload(elsewhere);
  simulation.run(everyMs);
  assert.deepEqual([...saidBy(a), ...saidBy(b)], []);
  a.reload(hosts);
  simulation.run(everyMs);
  assert.deepEqual([saidBy(a).length, saidBy(b).length], [1, 1]);
});

test('a new routes file that members take one after another costs no host its interval', () => {
  const simulation = new Simulation(all);
  const members = ['a', 'b', 'c'].map((name) => simulation.add(name, [], hosts));
  simulation.run(2 * everyMs);
  const changedMs = simulation.nowMs;
  for (const member of members) {
    member.reload(all);
    simulation.run(20_000);
  }
  simulation.run(2 * everyMs);
  assert.ok(simulation.longestGapMs(changedMs, simulation.nowMs) <= everyMs + 2000);
  assert.equal(simulation.twice(simulation.nowMs - everyMs, simulation.nowMs), 0);
  assert.equal(askersOf(simulation).size, all.length);
});

test('a member of before says nothing of its routes, and is taken as one that has the same', () => {
  const simulation = new Simulation(hosts);
  const [a, old] = [simulation.add('a'), simulation.add('old')];
  old.isOld = true;
  simulation.run(3 * everyMs);
  assert.equal(a.pool.status().difference, undefined);
  assert.equal(a.pool.status().ours + old.pool.status().ours, hosts.length);
  assert.deepEqual(saidBy(a), []);
});

test('what is no set of hosts of a member changes nothing', () => {
  const simulation = new Simulation(hosts);
  const { pool } = simulation.add('a');
  simulation.add('b', [], hosts.slice(1));
  simulation.run(2 * everyMs);
  const { ours } = pool.status();
  const names = pool.status().members.find(({ member }) => member === 'b')?.shares?.names ?? '';
  const whole = packHostSet(names, []);
  const [empty = Buffer.alloc(0)] = whole;
  const further = Buffer.from(empty);
  further.writeUInt32LE(2 ** 31, 12);
  const beyond = Buffer.from(empty);
  beyond.writeUInt32LE(7, 8);
  const other = packHostSet('0123456789abcdef', []);
  for (const part of [Buffer.from('garbage'), further, beyond, ...other])
    pool.heardHosts('b', part);
  for (const part of whole) pool.heardHosts('stranger', part);
  assert.equal(pool.status().ours, ours);
  for (const part of whole) pool.heardHosts('b', part);
  assert.equal(pool.status().ours, hosts.length);
});
