import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanHistory } from '../../../src/collector/backoff.ts';
import { unpackRecords } from '../../../src/collector/pool/due-records.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { everyMs, Simulation } from './simulated-pool.ts';

const hosts = Array.from({ length: 600 }, (_, index) => ({ name: `host${index}` }));

/** Three members that have shared the hosts for a while. */
function threeMembers() {
  const simulation = new Simulation(hosts);
  const members = ['a', 'b', 'c'].map((name) => simulation.add(name));
  simulation.run(3 * everyMs);
  return { simulation, members };
}

/** From a change on every host is asked each interval, hardly any twice, and none later on. */
function assertGoesOn(simulation: Simulation, changedMs: number): void {
  const endMs = simulation.nowMs;
  const twice = simulation.twice(changedMs, changedMs + everyMs);
  assert.ok(twice <= hosts.length / 100, `${twice} asked twice in the interval of the change`);
  assert.equal(simulation.twice(changedMs + everyMs, endMs), 0);
  const gapMs = simulation.longestGapMs(changedMs, endMs);
  assert.ok(gapMs <= everyMs + 15_000, `a host was not asked for ${gapMs} ms`);
}

test('three members share the hosts: each is asked by one of them, each interval', () => {
  const { simulation, members } = threeMembers();
  const askedBy = new Map<string, Set<string>>();
  for (const { host, member } of simulation.askings) {
    askedBy.set(host, (askedBy.get(host) ?? new Set()).add(member));
  }
  assert.equal(askedBy.size, hosts.length);
  assert.ok([...askedBy.values()].every((names) => names.size === 1));
  assertGoesOn(simulation, simulation.nowMs - everyMs);
  const ours = members.map(({ pool }) => pool.status().ours);
  assert.equal(
    ours.reduce((sum, count) => sum + count, 0),
    hosts.length,
  );
  assert.ok(
    ours.every((count) => count > 140 && count < 260),
    `${ours}`,
  );
});

test('one is killed: the others take its hosts over where it stopped', () => {
  const { simulation, members } = threeMembers();
  members[1]?.kill();
  const changedMs = simulation.nowMs;
  simulation.run(3 * everyMs);
  assertGoesOn(simulation, changedMs);
  assert.equal(members[0]?.pool.status().members.length, 2);
  // As every member has seen it, whoever came first.
  const told = members[0]?.log.lines.filter((line) => !line.includes('share of the hosts')) ?? [];
  assert.deepEqual(told, [
    "warn a member of the pool has gone; the others ask its hosts { member: 'b' }",
  ]);
});

test('one is stopped and continued: its hosts go to the others and come back', () => {
  const { simulation, members } = threeMembers();
  members[1]?.stop();
  const stoppedMs = simulation.nowMs;
  simulation.run(30_000);
  members[1]?.continue();
  const continuedMs = simulation.nowMs;
  simulation.run(3 * everyMs);
  assertGoesOn(simulation, stoppedMs);
  assertGoesOn(simulation, continuedMs);
  const late = simulation.askings.filter(({ atMs }) => atMs > continuedMs + everyMs);
  assert.ok(late.some(({ member }) => member === 'b'));
});

test('what others have told one that was stopped is as old as it may be, where nobody tells it anew', () => {
  const simulation = new Simulation(hosts);
  const [a, b] = [simulation.add('a'), simulation.add('b')];
  simulation.run(3 * everyMs);
  b.stop();
  const stoppedMs = simulation.nowMs;
  simulation.run(45_000);
  a.kill();
  b.continue();
  simulation.run(3 * everyMs);
  const gapMs = simulation.longestGapMs(stoppedMs, simulation.nowMs);
  assert.ok(gapMs <= everyMs + 15_000, `a host was not asked for ${gapMs} ms`);
  assert.equal(simulation.twice(simulation.nowMs - everyMs, simulation.nowMs), 0);
});

test('one is stopped for a moment: nobody takes anything over', () => {
  const { simulation, members } = threeMembers();
  members[1]?.stop();
  const stoppedMs = simulation.nowMs;
  simulation.run(4000);
  members[1]?.continue();
  simulation.run(2 * everyMs);
  assertGoesOn(simulation, stoppedMs);
});

test('one is added: it takes its share over, and nothing is asked twice', () => {
  const { simulation, members } = threeMembers();
  const changedMs = simulation.nowMs;
  simulation.add('d');
  simulation.run(3 * everyMs);
  assertGoesOn(simulation, changedMs);
  assert.equal(members[0]?.pool.status().members.length, 4);
  assert.ok(simulation.askings.some(({ member }) => member === 'd'));
});

test('one leaves: the others take its hosts over at once', () => {
  const { simulation, members } = threeMembers();
  members[1]?.pool.leave();
  const changedMs = simulation.nowMs;
  simulation.run(1000);
  members[1]?.kill();
  assert.equal(members[0]?.pool.status().members.length, 2);
  simulation.run(2 * everyMs);
  assertGoesOn(simulation, changedMs);
  assert.ok(simulation.longestGapMs(changedMs, simulation.nowMs) <= everyMs + 2000);
});

test('the broker is away for all: the last membership stays in force', () => {
  const { simulation, members } = threeMembers();
  const changedMs = simulation.nowMs;
  for (const member of members) member.disconnect();
  simulation.run(3 * everyMs);
  assert.deepEqual(members[0]?.pool.status().state, 'apart');
  assert.equal(members[0]?.pool.status().members.length, 3);
  for (const member of members) member.connect();
  simulation.run(3 * everyMs);
  assertGoesOn(simulation, changedMs);
  assert.equal(members[0]?.pool.status().state, 'asking');
});

test('without the broker from the start each asks all, after a while', () => {
  const simulation = new Simulation(hosts);
  const alone = simulation.add('a');
  alone.disconnect();
  simulation.run(2 * everyMs);
  assert.equal(alone.pool.status().ours, hosts.length);
  assert.ok(simulation.longestGapMs(0, simulation.nowMs) <= everyMs + 1000);
});

test('a broker that comes and goes from the start on keeps no member from asking', () => {
  const simulation = new Simulation(hosts.slice(0, 60));
  const member = simulation.add('a');
  for (let turn = 0; turn < 60; turn += 1) {
    simulation.run(1500);
    member.disconnect();
    simulation.run(1500);
    member.connect();
  }
  assert.ok(simulation.askings.length > 60, `${simulation.askings.length}`);
  assert.ok(simulation.longestGapMs(0, simulation.nowMs) <= everyMs + 15_000);
});

test('hosts of a network are asked by members that reach it alone', () => {
  const specs = [
    ...hosts.slice(0, 60),
    ...hosts.slice(60, 120).map((host) => ({ ...host, network: 'dmz' })),
  ];
  const simulation = new Simulation(specs);
  const [a, b] = [simulation.add('a'), simulation.add('b', ['dmz'])];
  simulation.run(2 * everyMs);
  const network = new Set(specs.slice(60).map(({ name }) => name));
  const asked = simulation.askings.filter(({ host }) => network.has(host));
  assert.deepEqual(new Set(asked.map(({ member }) => member)), new Set(['b']));
  b.kill();
  simulation.run(20_000);
  assert.equal(a.pool.status().unserved, 60);
});

test('a member that does not ask a host says who does', () => {
  const specs = [...hosts.slice(0, 20), { name: 'far', network: 'dmz' }];
  const simulation = new Simulation(specs);
  const [a, b] = [simulation.add('a'), simulation.add('b')];
  assert.equal(a.whyLeft('host0'), 'this collector, "a", is joining the pool, and asks nobody');
  simulation.run(2 * everyMs);
  const askers = new Map(simulation.askings.map(({ host, member }) => [`${host}`, member]));
  for (const { name } of hosts.slice(0, 20)) {
    const asker = askers.get(name);
    for (const [member, other] of [
      [a, 'b'],
      [b, 'a'],
    ] as const) {
      const why = asker === other ? `it is asked by "${other}", a member of the pool` : undefined;
      assert.equal(member.whyLeft(name), why);
    }
  }
  assert.equal(a.whyLeft('far'), 'no member of the pool reaches its network, "dmz"');
});

test('a host that is being asked is told as one that has been asked', () => {
  const simulation = new Simulation(hosts.slice(0, 1));
  const { pool } = simulation.add('a');
  simulation.run(everyMs);
  const told: number[] = [];
  const running = {
    ...{ target: { host: parseHostName('running') }, routed: { everyMs }, history: cleanHistory },
    route: { sources: [], with: [], settings: { pool: undefined } },
    ...{ dueMs: simulation.nowMs - 5000, isRunning: true, planFor: () => undefined },
  };
  pool.setHosts([running]);
  const nothing = () => undefined;
  const tell = (records: Uint8Array) => {
    told.push(...[...unpackRecords(records)].map(({ dueInMs }) => dueInMs));
  };
  pool.reachedBy({ announce: nothing, question: nothing, tellHosts: nothing, tell });
  pool.heardQuestion();
  pool.look();
  assert.deepEqual([...new Set(told)], [everyMs]);
});

test('two with one name tell it', () => {
  const simulation = new Simulation(hosts.slice(0, 10));
  const [one, other] = [simulation.add('a'), simulation.add('a')];
  simulation.run(5000);
  assert.deepEqual([one.pool.status().double, other.pool.status().double], [true, true]);
});
