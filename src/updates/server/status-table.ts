/** `cmk-courier updates status` and `why`, as text. */

import { cleanText } from '../../faults/errors.ts';
import { formatDuration } from '../../times/durations.ts';
import { type Column, drawTable } from '../text-table.ts';
import { explain } from './deciding.ts';
import type { HostFacts } from './host-facts.ts';
import { type HostStatus, toStatus } from './host-status.ts';

const columns: readonly Column<HostStatus>[] = [
  ['host', ({ host }) => host],
  ['state', ({ state }) => state],
  ['stage', ({ stage }) => stage ?? '-'],
  ['decision', ({ decision }) => decision],
  ['target', ({ target }) => (target === null ? '-' : `${target.counter} ${target.agentHash}`)],
  ['fetched', ({ downloaded }) => downloaded?.sha256.slice(0, 16) ?? '-'],
  [
    'installed',
    ({ installed }) => (installed === null ? '-' : `${installed.counter} ${installed.agentHash}`),
  ],
  ['root', ({ rootVersion }) => String(rootVersion ?? '-')],
  ['last contact', ({ lastContact }) => lastContact?.slice(0, 19).concat('Z') ?? 'never'],
  ['silent', ({ silentMs }) => (silentMs === null ? '-' : formatDuration(silentMs))],
  ['', ({ text }) => cleanText(text, 120)],
];

/** A table with a line a host. */
export function toTable(statuses: readonly HostStatus[]): string {
  if (statuses.length === 0) return 'no host is registered, and nothing is published\n';
  return drawTable(columns, statuses);
}

/** Every reason in the order in which they count, and what is known of the host. */
export function describeWhy(facts: HostFacts, nowMs: number): string {
  const status = toStatus(facts, nowMs);
  const steps = explain(facts);
  const decisive = steps.findIndex(({ holds }) => holds);
  const lines = steps.flatMap(({ reason, words }, at) => {
    if (words === '') return [];
    const mark = at === decisive ? '→' : at < decisive ? '·' : ' ';
    return [`${mark} ${reason.padEnd(10)} ${cleanText(words, 200)}`];
  });
  const facts_ = [
    `state       ${status.state}: ${cleanText(status.text, 200)}`,
    `target      ${describeTarget(status)}`,
    `downloaded  ${status.downloaded === null ? '-' : `${status.downloaded.sha256} ${status.downloaded.at}`}`,
    `installed   ${describeInstalled(status)}`,
    `root        ${status.rootVersion ?? '-'}`,
    `contact     ${status.lastContact ?? 'never'}${status.address ? ` from ${status.address}` : ''}`,
  ];
  return `${[`${status.host}: ${status.decision}`, ...lines, '', ...facts_].join('\n')}\n`;
}

function describeTarget({ target }: HostStatus): string {
  return target === null ? '-' : `${target.agentHash}, counter ${target.counter}`;
}

function describeInstalled({ installed }: HostStatus): string {
  if (installed === null) return '-';
  const { agentHash, counter, since } = installed;
  return `${agentHash}, counter ${counter}${since === null ? '' : `, since ${since}`}`;
}
