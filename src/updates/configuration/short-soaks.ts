/** Stages that are over before a release that silences hosts can show. */

import type { YamlLayout, YamlProblem } from '../../cli/yaml-file.ts';
import { lineOf } from '../../cli/yaml-problems.ts';
import { quote } from '../../faults/errors.ts';
import { formatDuration } from '../../times/durations.ts';
import { usualIntervalSeconds } from '../repository/planned-intervals.ts';
import { silentIntervals } from '../rollout/tally.ts';
import type { Updates } from './rules.ts';

/**
 * A warning for each stage that opens the next one by itself before a host that it took down could
 * count as silent.
 */
export function findShortSoaks(
  { rules, stages = [] }: Pick<Updates, 'rules' | 'stages'>,
  layout: YamlLayout,
): readonly YamlProblem[] {
  // Which rule counts for a host is not known without its hosts: the longest interval of any.
  const intervals = rules.map(({ sets, conditions }) => ({
    seconds: sets.get('updater.interval')?.value,
    isForAll: conditions.every(({ wanted }) => wanted === '*'),
  }));
  const given = intervals.flatMap(({ seconds }) => (seconds === undefined ? [] : Number(seconds)));
  const isGivenForAll = intervals.some(
    ({ seconds, isForAll }) => isForAll && seconds !== undefined,
  );
  const longest = Math.max(...given, isGivenForAll ? 0 : usualIntervalSeconds);
  return stages.flatMap(({ stage: { name, soakSeconds, isByHand } }, at) => {
    const isLast = at === stages.length - 1;
    if (isLast || isByHand || soakSeconds > silentIntervals * longest) return [];
    const most = formatDuration(longest * 1000);
    const soon = `${quote(name)} soaks for ${formatDuration(soakSeconds * 1000)} only`;
    const why = `a host that asks every ${most} counts as silent after ${silentIntervals} times that`;
    const message = `${soon}: ${why}, when the next stage is open already`;
    return [{ line: lineOf(['stages', at], layout), message }];
  });
}
