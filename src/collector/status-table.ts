/** The status of the collector for people: a table with the worst first. */

import { cleanText } from '../errors.ts';
import { formatDuration } from '../fetching/durations.ts';
import type { CollectorStatus, HostStatus } from './status-shape.ts';

const ranks = { nothing: 0, fault: 1, grace: 2, output: 3 } as const;
const words = { nothing: 'nothing', fault: 'fault', grace: 'grace', output: 'ok' } as const;

/** Hosts without output first, those that lack it longest before others; then the oldest output. */
export function sortWorstFirst(hosts: readonly HostStatus[]): readonly HostStatus[] {
  return hosts.toSorted(
    (one, other) =>
      ranks[one.served] - ranks[other.served] ||
      other.failures - one.failures ||
      (other.ageMs ?? 0) - (one.ageMs ?? 0) ||
      one.host.localeCompare(other.host),
  );
}

const titles = ['HOST', 'STATE', 'AGE', 'LAST FAULT', 'NEXT', 'BREAKER', 'SOURCE'] as const;

/**
 * @param hosts those to show, in this order
 * @param width of the terminal in characters
 */
export function toTable(
  status: CollectorStatus,
  hosts: readonly HostStatus[],
  nowMs: number,
  width: number,
): string {
  const rows = [titles, ...hosts.map((host) => toRow(host, nowMs))];
  const widths = titles.map((_, column) =>
    Math.max(...rows.map((row) => Array.from(row[column] ?? '').length)),
  );
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '),
  );
  const all = [...summarise(status), ...(hosts.length === 0 ? [] : lines)];
  return all.map((line) => `${Array.from(line).slice(0, width).join('').trimEnd()}\n`).join('');
}

function summarise({ hosts, running, reloadFault, routesPath }: CollectorStatus) {
  const count = (served: HostStatus['served']) =>
    hosts.filter((host) => host.served === served).length;
  const counts = [
    `${hosts.length} hosts`,
    `${count('output')} ok`,
    `${count('grace')} grace`,
    `${count('fault')} fault`,
    `${count('nothing')} nothing`,
    `${running} being asked`,
  ];
  const trouble = reloadFault === undefined ? [] : [`not in force: ${cleanText(reloadFault)}`];
  return [`${counts.join(', ')}; routes: ${cleanText(routesPath)}`, ...trouble];
}

function toRow(host: HostStatus, nowMs: number): readonly string[] {
  const { lastFault } = host;
  const ago = lastFault && formatDuration(Math.max(0, nowMs - Date.parse(lastFault.at)));
  const next =
    host.nextDueMs === 0 ? 'now' : formatDuration(Math.ceil(host.nextDueMs / 1000) * 1000);
  return [
    cleanText(host.host),
    words[host.served],
    host.ageMs === undefined ? '-' : formatDuration(Math.max(0, host.ageMs)),
    lastFault === undefined ? '-' : `${cleanText(lastFault.code)} ${ago} ago`,
    next,
    host.breaker === 'closed' ? '-' : host.breaker,
    cleanText(host.source ?? '-'),
  ];
}
