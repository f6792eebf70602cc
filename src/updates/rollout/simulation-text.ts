/** What a simulation came to, for people. */

import { formatDuration } from '../../times/durations.ts';
import { toRolloutText } from './rollout-text.ts';
import type { Played, Scenario } from './simulation.ts';

export function toSimulationText(scenario: Scenario, played: Played): string {
  const { hosts, intervalSeconds, failures, silent, lost, seed } = scenario;
  const percent = (share: number) => `${Math.round(share * 10_000) / 100}%`;
  const { end, endedAfterMs, steps, reached, failed, testing, rollout } = played;
  const words = {
    done: 'every stage is done',
    held: 'it holds itself',
    unfinished: 'it still waits',
  };
  const [, ...table] = toRolloutText(rollout).split('\n').slice(1);
  const under = testing === 0 ? '' : ` (${testing} were testing it, and finished)`;
  return [
    `${hosts} hosts that ask every ${formatDuration(intervalSeconds * 1000)}: the release fails on ${percent(failures)}, ${percent(silent)} are silent, ${percent(lost)} are lost with it (seed ${seed})`,
    '',
    ...steps.map(
      ({ afterMs, step, why }) => `after ${formatDuration(afterMs)}  ${verbs[step]}  ${why}`,
    ),
    `after ${formatDuration(endedAfterMs)}  ${words[end]}: it reached ${reached} hosts${under} and failed on ${failed}`,
    '',
    ...table,
  ].join('\n');
}

const verbs = { open: 'next stage', hold: 'HOLD      ', done: 'done      ' } as const;
