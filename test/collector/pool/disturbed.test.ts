/** Members that are cut off, stopped and continued again and again, as chance has it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyMs, type SimulatedMember, Simulation } from './simulated-pool.ts';

const hosts = Array.from({ length: 120 }, (_, index) => ({ name: `host${index}` }));
const isLong = process.env['COURIER_TEST_LONG'] !== undefined;

/** The same numbers for the same seed: Knuth's linear congruential generator, 32 bits. */
function makeChance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A member to which something happens, and how it is. */
class Disturbed {
  readonly #member: SimulatedMember;
  #isCut = false;
  #isStopped = false;

  constructor(member: SimulatedMember) {
    this.#member = member;
  }

  toggleWay(): void {
    if (this.#isStopped) return;
    this.#isCut = !this.#isCut;
    if (this.#isCut) this.#member.disconnect();
    else this.#member.connect();
  }

  toggleRun(): void {
    this.#isStopped = !this.#isStopped;
    if (this.#isStopped) this.#member.stop();
    else this.#member.continue();
  }

  mend(): void {
    if (this.#isStopped) this.toggleRun();
    if (this.#isCut) this.toggleWay();
  }
}

/** Forty disturbances of three of four members, one each 8 s or so, and then four calm intervals. */
function disturb(seed: number) {
  const chance = makeChance(seed);
  const simulation = new Simulation(hosts);
  const members = ['a', 'b', 'c', 'd'].map((name) => simulation.add(name));
  simulation.run(2 * everyMs);
  const fromMs = simulation.nowMs;
  const disturbed = members.slice(1).map((member) => new Disturbed(member));
  for (let count = 0; count < 40; count += 1) {
    const one = disturbed[Math.floor(chance() * disturbed.length)];
    if (chance() < 0.6) one?.toggleWay();
    else one?.toggleRun();
    simulation.run(chance() * (chance() < 0.5 ? 3000 : 30_000));
  }
  for (const one of disturbed) one.mend();
  const calmMs = simulation.nowMs;
  simulation.run(4 * everyMs);
  return {
    waitedMs: simulation.longestGapMs(fromMs, simulation.nowMs) - everyMs,
    twice: simulation.twice(calmMs + 2 * everyMs, simulation.nowMs),
    states: members.map(({ pool }) => pool.status().state),
  };
}

test('whatever happens to members, no host waits for long, and none is asked twice once it is over', () => {
  for (let seed = 1; seed <= (isLong ? 400 : 5); seed += 1) {
    const { waitedMs, twice, states } = disturb(seed);
    // Two may be away for others at once: 10 s of silence, and 20 s in which one that is back waits.
    assert.ok(waitedMs <= 45_000, `${seed}: a host was asked ${waitedMs} ms late`);
    assert.equal(twice, 0, `${seed}`);
    assert.deepEqual(new Set(states), new Set(['asking']), `${seed}`);
  }
});
