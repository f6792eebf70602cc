/** Members that all join anew at once, or one by one: hosts are asked meanwhile, and not twice. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyMs, type SimulatedMember, Simulation } from './simulated-pool.ts';

const hosts = Array.from({ length: 300 }, (_, index) => ({ name: `host${index}` }));

interface Disturbance {
  /** Members that are disturbed: all, or the first alone. */
  readonly who: 'all' | 'one';
  readonly begin: (member: SimulatedMember, simulation: Simulation) => void;
  readonly lastsMs: number;
  readonly end: (member: SimulatedMember, simulation: Simulation) => void;
  /** From the end for one to that for the next. */
  readonly apartMs?: number;
  /** How much longer than its interval a host may wait. */
  readonly lateMs: number;
}

const away = {
  begin: (member: SimulatedMember) => member.disconnect(),
  end: (member: SimulatedMember) => member.connect(),
};
const still = {
  begin: (member: SimulatedMember) => member.stop(),
  end: (member: SimulatedMember) => member.continue(),
};
const mute = {
  begin: (_: SimulatedMember, simulation: Simulation) => {
    simulation.isMute = true;
  },
  end: (_: SimulatedMember, simulation: Simulation) => {
    simulation.isMute = false;
  },
};

const disturbances: Readonly<Record<string, Disturbance>> = {
  'the broker is away for all for 8 s': { ...away, who: 'all', lastsMs: 8000, lateMs: 1500 },
  'the broker is away for a minute, and found again by one after another': {
    ...{ ...away, who: 'all', lastsMs: 60_000, apartMs: 3500, lateMs: 5000 },
  },
  'the broker is away for a minute, and found again by one 9 s after another': {
    ...{ ...away, who: 'all', lastsMs: 60_000, apartMs: 9000, lateMs: 5000 },
  },
  'the broker is away for one for 8 s': { ...away, who: 'one', lastsMs: 8000, lateMs: 1500 },
  'nothing arrives for 12 s': { ...mute, who: 'all', lastsMs: 12_000, lateMs: 1500 },
  'all stand still for 6 s': { ...still, who: 'all', lastsMs: 6000, lateMs: 7500 },
  'one stands still for 6 s': { ...still, who: 'one', lastsMs: 6000, lateMs: 6500 },
};

for (const [what, disturbance] of Object.entries(disturbances)) {
  const { who, begin, end, lastsMs, apartMs = 0, lateMs } = disturbance;
  test(`${what}: each host is asked in time, and hardly any twice`, () => {
    const simulation = new Simulation(hosts);
    const members = ['a', 'b', 'c'].map((name) => simulation.add(name));
    simulation.run(3 * everyMs);
    const disturbed = who === 'all' ? members : members.slice(0, 1);
    const fromMs = simulation.nowMs;
    for (const member of disturbed) begin(member, simulation);
    simulation.run(lastsMs);
    for (const member of disturbed) {
      end(member, simulation);
      simulation.run(apartMs);
    }
    simulation.run(3 * everyMs);
    const waitedMs = simulation.longestGapMs(fromMs, simulation.nowMs) - everyMs;
    assert.ok(waitedMs <= lateMs, `a host was asked ${waitedMs} ms late`);
    const twice = simulation.twice(fromMs, simulation.nowMs);
    assert.ok(twice <= hosts.length / 100, `${twice} asked twice`);
    assert.equal(simulation.twice(simulation.nowMs - everyMs, simulation.nowMs), 0);
    assert.deepEqual(
      members.map(({ pool }) => pool.status().state),
      ['asking', 'asking', 'asking'],
    );
  });
}

test('a member that was cut off for half a minute asked its hosts as others did, and not once it is back', () => {
  const simulation = new Simulation(hosts);
  const [cut] = ['a', 'b', 'c'].map((name) => simulation.add(name));
  simulation.run(3 * everyMs);
  const cutMs = simulation.nowMs;
  cut?.disconnect();
  simulation.run(30_000);
  const backMs = simulation.nowMs;
  cut?.connect();
  simulation.run(3 * everyMs);
  assert.ok(simulation.twice(cutMs, backMs) > 0);
  assert.ok(simulation.twice(backMs, backMs + everyMs) <= hosts.length / 100);
  assert.equal(simulation.twice(backMs + everyMs, simulation.nowMs), 0);
  const waitedMs = simulation.longestGapMs(cutMs, simulation.nowMs) - everyMs;
  assert.ok(waitedMs <= 1500, `a host was asked ${waitedMs} ms late`);
});

test('a member that died while the broker was away is waited for, and then passed over', () => {
  const simulation = new Simulation(hosts);
  const [a, b, dead] = ['a', 'b', 'c'].map((name) => simulation.add(name));
  simulation.run(3 * everyMs);
  for (const member of simulation.members) member.disconnect();
  simulation.run(60_000);
  dead?.kill();
  const backMs = simulation.nowMs;
  a?.connect();
  simulation.run(10_000);
  b?.connect();
  const seenBy = (member: SimulatedMember | undefined) =>
    member?.pool.status().members.map(({ member: name }) => name);
  simulation.run(9000);
  assert.deepEqual(seenBy(a), ['a', 'b', 'c']);
  simulation.run(2000);
  assert.deepEqual(seenBy(a), ['a', 'b']);
  simulation.run(3 * everyMs);
  assert.deepEqual(seenBy(b), ['b', 'a']);
  assert.equal(simulation.twice(simulation.nowMs - everyMs, simulation.nowMs), 0);
  assert.ok(simulation.longestGapMs(backMs, simulation.nowMs) <= everyMs + 32_000);
});
