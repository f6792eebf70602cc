/** Stages and gates, without a file or a clock. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { judge } from '../../../src/updates/rollout/gates.ts';
import { hold, open, resume } from '../../../src/updates/rollout/moves.ts';
import { bucketOf, Placements } from '../../../src/updates/rollout/placement.ts';
import { planRollout } from '../../../src/updates/rollout/starting.ts';
import { type Participant, tallyStages } from '../../../src/updates/rollout/tally.ts';
import { aRollout, aStage, namesOf, participant, startMs, targetsOf } from './rollout-kit.ts';

const hour = 3_600_000;
const id = '00112233445566778899aabbccddeeff';

test('RO-3: a bucket is the digest of rollout and host, and hosts spread evenly over them', () => {
  const digest = createHash('sha256').update(`${id}\nweb01`).digest('hex');
  assert.equal(bucketOf(id, 'web01'), Number.parseInt(digest.slice(0, 8), 16) % 10_000);
  const hosts = namesOf(20_000);
  for (const share of [100, 1000, 5000]) {
    const expected = (hosts.length * share) / 10_000;
    const sigma = Math.sqrt(expected * (1 - share / 10_000));
    const early = hosts.filter((host) => bucketOf(id, host) < share).length;
    assert.ok(Math.abs(early - expected) < 3 * sigma, `${early} of ${expected}`);
  }
});

test('RO-3: the hosts of a larger share hold all of a smaller one, and another rollout mixes anew', () => {
  const two = fc.tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 9999 }));
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-f]{32}$/), fc.string(), two, (any, host, pair) => {
      const [small = 0, large = 0] = pair.toSorted((a, b) => a - b);
      if (bucketOf(any, host) < small) assert.ok(bucketOf(any, host) < large);
    }),
  );
  const early = (of: string) =>
    namesOf(1000)
      .filter((host) => bucketOf(of, host) < 1000)
      .join();
  assert.notEqual(early(id), early(id.replace('0', '1')));
});

test('RO-3: a host belongs to the first stage that reaches it, by its name or by its share', () => {
  const names = namesOf(1000);
  const [canary = ''] = names;
  const stages = [
    aStage({ name: 'canary', hosts: [canary, 'elsewhere'] }),
    aStage({ name: 'tenth', share: 1000 }),
    aStage({ name: 'rest' }),
  ];
  const rollout = aRollout(names, stages);
  const placements = new Placements({ rollout, removals: [] });
  const at = (host: string) => placements.of(host, undefined).stage;
  assert.deepEqual(at(canary), { name: 'canary', at: 0, isOpen: true });
  for (const host of names.slice(1)) {
    const name = bucketOf(rollout.id, host) < 1000 ? 'tenth' : 'rest';
    assert.deepEqual(at(host)?.name, name);
    assert.equal(at(host)?.isOpen, false);
  }
  assert.equal(at('elsewhere'), undefined);
  const wider = new Placements({ rollout: open(rollout, { by: 'x', at: '' }), removals: [] });
  assert.ok(
    names.every(
      (host) =>
        !placements.of(host, undefined).stage?.isOpen || wider.of(host, undefined).stage?.isOpen,
    ),
  );
});

const names = namesOf(100);
const stages = [aStage({ name: 'first', hosts: names.slice(0, 50) }), aStage({ name: 'rest' })];

function look(
  participants: readonly Participant[],
  laterMs: number,
  rollout = aRollout(names, stages),
) {
  const placements = new Placements({ rollout, removals: [] });
  const moment = { nowMs: startMs + laterMs, listeningForMs: laterMs };
  const tallies = tallyStages(rollout, placements.stages, participants, moment);
  return { rollout, tallies, verdict: judge(rollout, tallies, moment.nowMs) };
}

const all = (told: Parameters<typeof participant>[1], from = 0, to = 100, laterMs = 0) =>
  names
    .slice(from, to)
    .map((name) => participant(name, told, { lastContactMs: startMs + laterMs }));
const done = { installedCounter: 2, state: 'installed' };
const failed = { state: 'returned', code: 'E-SELFTEST', refused: 'cd'.repeat(32) };

test('RO-4: a stage opens the next one after its soak time and its successes, not before', () => {
  const waiting = look(all({}), hour);
  assert.deepEqual(waiting.verdict, { step: 'wait', why: 'first: 0 of 1 successes' });
  const early = look(all(done), hour / 2);
  assert.deepEqual(early.verdict, { step: 'wait', why: 'first: open for 30m more' });
  const ready = look(all(done), hour);
  const why = 'first: 50 of 50 installed, 0 failed, 0 silent';
  assert.deepEqual(ready.verdict, { step: 'open', why });
  const byHand = [aStage({ name: 'first', isByHand: true }), aStage()];
  const { verdict } = look(all(done), hour, aRollout(names, byHand));
  const ask = 'first is ready; `updates rollout advance` goes on';
  assert.deepEqual(verdict, { step: 'wait', why: ask });
  const both = open(ready.rollout, { by: 'gates', at: new Date(startMs).toISOString() });
  assert.equal(look(all(done), hour, both).verdict.step, 'done');
});

test('RO-4: one failure more than allowed holds the rollout at once, in an earlier stage as well', () => {
  const ok = [...all(failed, 0, 1), ...all(done, 1)];
  assert.equal(look(ok, hour).verdict.step, 'open');
  const bad = [...all(failed, 0, 2), ...all(done, 2)];
  const why = 'first: 2 of 50 hosts failed (4%, allowed are 2%)';
  assert.deepEqual(look(bad, 0).verdict, { step: 'hold', why });
  const both = open(aRollout(names, stages), { by: 'x', at: new Date(startMs).toISOString() });
  assert.deepEqual(look(bad, 0, both).verdict, { step: 'hold', why });
});

test('RO-4: silent hosts hold it, but not while nobody could hear them', () => {
  const silent = [...all({}, 0, 6), ...all(done, 6, 100, 4 * hour)];
  const why = 'first: 6 of 50 hosts are silent (12%, allowed are 10%)';
  assert.deepEqual(look(silent, 4 * hour).verdict, { step: 'hold', why });
  const rollout = aRollout(names, stages);
  const placements = new Placements({ rollout, removals: [] });
  const restarted = { nowMs: startMs + 4 * hour, listeningForMs: hour };
  const tallies = tallyStages(rollout, placements.stages, silent, restarted);
  assert.equal(tallies[0]?.silent, 0);
});

test('RO-4: what a person has accepted breaks no gate again, and one failure more than that may', () => {
  const bad = [...all(failed, 0, 2), ...all(done, 2)];
  const { rollout, tallies } = look(bad, 0);
  const held = hold(rollout, { by: 'gates', at: '' }, 'too many');
  assert.deepEqual(look(bad, 0, held).verdict, { step: 'wait', why: 'on hold: too many' });
  const resumed = resume(held, tallies);
  assert.equal(look(bad, hour, resumed).verdict.step, 'open');
  const worse = [...all(failed, 0, 4), ...all(done, 4)];
  const why = 'first: 2 of 50 hosts failed (4%, allowed are 2%) beside 2 that were accepted';
  assert.deepEqual(look(worse, hour, resumed).verdict, { step: 'hold', why });
});

test('RO-4: a stage without a host is passed at once, one whose hosts are all away waits for a person', () => {
  const empty = [aStage({ name: 'elsewhere', hosts: ['x'] }), aStage()];
  const passed = look(all({}), 0, aRollout(names, empty));
  assert.equal(passed.verdict.step, 'open');
  const away = names.map((name) => participant(name, {}, { takesPart: false }));
  const why = 'first: none of its 50 hosts can take part; `updates rollout advance` goes on';
  assert.deepEqual(look(away, 9 * hour).verdict, { step: 'wait', why });
});

test('RO-4: a fault from before the stage, or one that a hold brings, is no failure of the release', () => {
  const before = names.map((name) =>
    participant(name, { state: 'failed', code: 'E-SPACE' }, { lastContactMs: startMs - 1 }),
  );
  assert.equal(look(before, 0).tallies[0]?.failed, 0);
  assert.equal(look(all({ state: 'failed', code: 'E-AUTH' }), 0).tallies[0]?.failed, 0);
  assert.equal(look(all({ state: 'failed', code: 'E-SPACE' }), 0).tallies[0]?.failed, 50);
  const gone = names.map((name) => participant(name, failed, { takesPart: false }));
  assert.deepEqual(look(gone, 0).tallies[0], {
    ...{ hosts: 0, asked: 0, absent: 50, installed: 0, failed: 0, silent: 0, waiting: 0 },
  });
});

test('RO-6: another target begins a rollout for its hosts and for all that the one before had', () => {
  const actor = { env: {}, by: 'alice', clock: { now: () => startMs } };
  const before = targetsOf(['a', 'b', 'c']);
  const rollout = aRollout(['a', 'b'], stages);
  const file = { rollout, removals: [] };
  const after = new Map([...before, ...renamed(['c'], 3)]);
  const next = planRollout(file, { before, after, stages }, actor);
  assert.deepEqual(next.rollout?.hosts, { a: 2, b: 2, c: 3 });
  assert.notEqual(next.rollout?.id, rollout.id);
  const atOnce = planRollout(
    file,
    { before, after: new Map([...before, ...renamed(['a'], 3)]), stages: undefined },
    actor,
  );
  assert.deepEqual(atOnce.rollout?.hosts, { b: 2 });
  assert.equal(atOnce.rollout?.id, rollout.id);
  const signedAnew = targetsOf(['a', 'b', 'c'], 3);
  assert.equal(planRollout(file, { before, after: signedAnew, stages }, actor).rollout, rollout);
});

function renamed(hosts: readonly string[], counter: number) {
  return [...targetsOf(hosts, counter)].map(
    ([host, target]) => [host, { ...target, packageSha256: 'ef'.repeat(32) }] as const,
  );
}
