/** Rules and stages with their conditions, for people. */

import { cleanText } from '../../faults/errors.ts';
import { formatDuration } from '../../times/durations.ts';
import type { ConditionResult } from './conditions.ts';
import type { Knowledge, Selection } from './selection.ts';

/** @param nowMs milliseconds since the epoch */
export function toSelectionText(
  { path, known, isSelected, rules, stages }: Selection,
  nowMs: number,
): string {
  const lines = [
    `${cleanText(path)}: ${isSelected ? 'a rule selects it' : 'no rule selects it'}; ${describeKnown(known, nowMs)}`,
    ...rules.flatMap(({ rule, line, holds, conditions }) => {
      return [`${mark(holds)} ${cleanText(rule)} (line ${line})`, ...conditions.map(toLine)];
    }),
    ...stages.flatMap(({ stage, holds, conditions }) => {
      return [`${mark(holds)} stage ${cleanText(stage)}`, ...conditions.map(toLine)];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function toLine({ condition, wanted, holds, words }: ConditionResult): string {
  return `    ${mark(holds)} ${cleanText(`${condition} ${wanted}: ${words}`, 300)}`;
}

function mark(holds: boolean | null): string {
  if (holds === null) return '?';
  return holds ? '+' : '-';
}

function describeKnown(
  { from, askedAt, tags, labels, folder, site }: Knowledge,
  nowMs: number,
): string {
  const age =
    askedAt === null ? '' : ` ${formatDuration(Math.max(0, nowMs - Date.parse(askedAt)))} ago`;
  if (from === 'nothing') {
    const who = askedAt === null ? 'the list of hosts' : `the site as it was${age}`;
    return `${who} does not know it, and --tags, --labels, --folder and --site say what it would have`;
  }
  const words = [...(tags ?? []), ...(labels ?? []), folder ?? '', site === null ? '' : `@${site}`];
  const what = words.filter((word) => word !== '').join(' ') || 'nothing';
  return cleanText(from === 'site' ? `the site said${age}: ${what}` : `known of it: ${what}`, 300);
}
