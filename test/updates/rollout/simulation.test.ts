/** Fleets that are made up: where rollouts stop, counted. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stage } from '../../../src/updates/repository/rollout-file.ts';
import { type Played, simulate } from '../../../src/updates/rollout/simulation.ts';
import { usualStages } from '../../../src/updates/rollout/usual-stages.ts';
import { assertDocument } from '../../helpers/json-document.ts';
import { noteRow } from '../../helpers/result-table.ts';
import { makeUpdateServer } from '../server-kit.ts';

/** Short, so that a fleet of 20,000 is played in a second. */
const brisk = usualStages.map((stage): Stage => ({ ...stage, soakSeconds: 3600 }));
/** Long enough to see that a host is silent: three intervals and more. */
const patient = brisk.map((stage): Stage => ({ ...stage, soakSeconds: 14_400 }));
/** The first stage lets more pass than those behind it. */
const lenient = brisk.map(
  (stage, at): Stage => (at === 0 ? { ...stage, failures: 1500, silent: 5000 } : stage),
);

interface Fate {
  readonly failures?: number;
  readonly silent?: number;
  readonly lost?: number;
}

function play(fate: Fate, stages: readonly Stage[] = brisk, hosts = 20_000): Played {
  const fates = { failures: 0, silent: 0, lost: 0, ...fate };
  return simulate({ hosts, ...fates, stages, intervalSeconds: 3600, seed: 7, limitMs: 864e5 });
}

/** The stages that were opened, and in which it ended. */
function endOf({ end, rollout, steps }: Played) {
  const opened = rollout?.stages.filter(({ isOpen }) => isOpen).length;
  return [end, opened, steps.at(-1)?.stage];
}

const cases = [
  ['0 % fail', {}, brisk, ['done', 4, 'everybody']],
  ['1 % fail', { failures: 0.01 }, brisk, ['done', 4, 'everybody']],
  ['5 % fail', { failures: 0.05 }, brisk, ['held', 1, 'hundredth']],
  ['50 % fail', { failures: 0.5 }, brisk, ['held', 1, 'hundredth']],
  ['a third is silent', { silent: 1 / 3 }, brisk, ['held', 1, 'hundredth']],
  ['a third is lost', { lost: 1 / 3 }, patient, ['held', 1, 'hundredth']],
  // What the page warns of: a soak shorter than three intervals sees it too late.
  ['a third is lost, short soak', { lost: 1 / 3 }, brisk, ['held', 4, 'everybody']],
  ['5 %, lenient first', { failures: 0.05 }, lenient, ['held', 2, 'tenth']],
  ['third silent, lenient first', { silent: 1 / 3 }, lenient, ['held', 2, 'tenth']],
] as const;

for (const [name, fate, stages, expected] of cases) {
  test(`RO-4, TE-9: of 20,000 hosts ${name}: the rollout ends where it should`, () => {
    const played = play(fate, stages);
    const { end, endedAfterMs, reached, failed, testing, rollout } = played;
    const [last] = played.steps.slice(-1);
    noteRow('rollouts of 20,000 hosts', {
      fleet: name,
      end,
      after: `${Math.round(endedAfterMs / 60_000)}m`,
      stage: last?.stage ?? '',
      reached: String(reached),
      failed: String(failed),
      testing: String(testing),
      why: last?.why ?? '',
    });
    assert.deepEqual(endOf(played), expected);
    const all = rollout.stages.reduce((sum, { hosts }) => sum + hosts, 0);
    assert.equal(all, 20_000);
    if (end === 'done') assert.equal(reached, 20_000);
    // Nobody beyond the stages that are open is touched, and most of those are spared.
    const open = rollout.stages.filter(({ isOpen }) => isOpen);
    assert.ok(reached <= open.reduce((sum, { hosts }) => sum + hosts, 0));
    if (end === 'held') assert.ok(failed < 200, `${failed} failed`);
  });
}

test('RO-4: a rollout is held by the failure that is one too many, and hosts under test finish', () => {
  const { rollout, failed, testing, steps } = play({ failures: 0.5 });
  const [{ hosts = 0 } = {}] = rollout.stages;
  const [, atHold] = /: (\d+) of /.exec(steps[0]?.why ?? '') ?? [];
  assert.ok(Number(atHold) > hosts * 0.02);
  // Those that ask in the same minute may tell of it together.
  assert.ok(Number(atHold) - 1 <= hosts * 0.02 + 6, `${atHold}`);
  assert.ok(testing > 0 && failed >= Number(atHold) && failed <= Number(atHold) + testing);
});

test('RO-3: a seed plays the same again, and another one otherwise', () => {
  const some = (seed: number) =>
    JSON.stringify(
      simulate({
        ...{ hosts: 300, failures: 0.03, silent: 0.05, lost: 0.01, stages: brisk, seed },
        ...{ intervalSeconds: 600, limitMs: 864e5 },
      }),
    );
  assert.equal(some(1), some(1));
  assert.notEqual(some(1), some(2));
});

test('updates simulate plays the stages of the last bake, and says what the gates did', async (t) => {
  const server = await makeUpdateServer(t);
  const { output } = await server.run('simulate', '--hosts=500', '--failures=20%', '--seed=3');
  assert.match(
    output,
    /^500 hosts that ask every 1h: the release fails on 20%, 0% are silent, 0% are lost with it \(seed 3\)\n\nafter \d+m {2}HOLD {8}hundredth: \d+ of \d+ hosts failed \(/,
  );
  const json = await server.run('simulate', '--hosts=500', '--failures=20%', '--json');
  assertDocument('updates simulate', json.output);
  const endless = await server.run('simulate', '--hosts=200000', '--interval=1ms', '--until=1h');
  assert.match(endless.errors, /at most 500 million questions of hosts are played: .* \(USAGE\)/);
  const { errors } = await server.run('simulate', '--failures=60%', '--silent=50%');
  assert.equal(
    errors,
    'cmk-courier: updates simulate: --failures, --silent and --lost are more than all hosts (USAGE)\n',
  );
});
