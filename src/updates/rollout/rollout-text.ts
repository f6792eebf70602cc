/** A rollout for people: a line, and a table of its stages. */

import { cleanText } from '../../faults/errors.ts';
import { formatDuration } from '../../times/durations.ts';
import { whole } from '../repository/rollout-file.ts';
import { type Column, drawTable } from '../text-table.ts';
import { formatShare } from './gates.ts';
import type { RolloutOverview, StageOverview } from './overview.ts';

const percent = (share: number) => formatShare(Math.round(share * whole));

/** A total, and the limit behind it. */
const within = (number: number, hosts: number, limit: number) =>
  `${number}${hosts === 0 ? '' : ` (${percent(number / hosts)} of ${percent(limit)})`}`;

const columns: readonly Column<StageOverview>[] = [
  ['stage', ({ name }) => name],
  ['share', ({ share }) => percent(share)],
  ['open since', ({ openedAt }) => openedAt?.slice(0, 19).concat('Z') ?? '-'],
  ['hosts', ({ hosts, absent }) => `${hosts}${absent === 0 ? '' : ` (+${absent} absent)`}`],
  ['asked', ({ asked }) => String(asked)],
  ['installed', ({ installed, limits }) => `${installed} (wanted ${limits.successes})`],
  ['failed', ({ failed, hosts, limits }) => within(failed, hosts, limits.failures)],
  ['silent', ({ silent, hosts, limits }) => within(silent, hosts, limits.silent)],
  [
    'soak',
    ({ limits: { soakMs, isByHand } }) =>
      `${soakMs === 0 ? '-' : formatDuration(soakMs)}${isByHand ? ', by hand' : ''}`,
  ],
];

/** Ends with a line feed. */
export function toRolloutText(rollout: RolloutOverview | null): string {
  if (rollout === null) return 'no rollout in stages\n';
  const { id, state, startedAt, startedBy, hold, words, stages } = rollout;
  const since = `${startedAt.slice(0, 19)}Z by ${startedBy}`;
  const held = hold === null ? '' : ` since ${hold.since.slice(0, 19)}Z by ${hold.by}`;
  return [
    `rollout ${id.slice(0, 8)}, begun ${since}: ${state}${held}\n`,
    `${cleanText(words, 300)}\n`,
    drawTable(columns, stages),
  ].join('');
}
