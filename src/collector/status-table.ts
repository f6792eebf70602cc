/** The status of the collector for people: a table with the worst first. */

import { cleanText } from '../faults/errors.ts';
import { counted } from '../names/counted.ts';
import { formatDuration } from '../times/durations.ts';
import { describeBroker, describePool, describeSubscription } from './broker-lines.ts';
import { describeForwarding, describeRelays } from './relay-lines.ts';
import type { CollectorStatus, ConfigurationStatus, HostStatus } from './status-shape.ts';

const ranks = { nothing: 0, fault: 1, grace: 2, less: 3, output: 4 } as const;
const words = {
  ...{ nothing: 'nothing', fault: 'fault', grace: 'grace' },
  ...{ less: 'less', output: 'ok' },
} as const;

/** `less`: a source beside the chain has added nothing. */
function stateOf({ served, with: beside = [] }: HostStatus): keyof typeof ranks {
  const isLess = beside.some(({ fault }) => fault !== undefined);
  return served === 'output' && isLess ? 'less' : served;
}

/** Whether the site gets all that there should be. */
export function isWell(host: HostStatus): boolean {
  return stateOf(host) === 'output';
}

/** Hosts without output first, those that lack it longest before others; then the oldest output. */
export function sortWorstFirst(hosts: readonly HostStatus[]): readonly HostStatus[] {
  return hosts.toSorted(
    (one, other) =>
      ranks[stateOf(one)] - ranks[stateOf(other)] ||
      other.failures - one.failures ||
      (other.ageMs ?? 0) - (one.ageMs ?? 0) ||
      one.host.localeCompare(other.host),
  );
}

const titles = ['HOST', 'STATE', 'AGE', 'LAST FAULT', 'NEXT', 'BACKOFF', 'SOURCE'] as const;

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
  const lines = hosts.length === 0 ? [] : layOut([titles, ...hosts.map(toRowAt(nowMs))], width);
  const all = [...summarise(status, nowMs).flatMap((text) => wrap(text, width)), ...lines];
  return all.map((line) => `${line}\n`).join('');
}

const gap = '  ';

/** The least widths of columns that may be cut: room for a short name, or for the title. */
const leastNameWidth = 12;
const leastSourceWidth = 6;

/** A long name gives way to the other columns; the source, the last, gets what is left. */
function layOut(rows: readonly (readonly string[])[], width: number): readonly string[] {
  const [widest = 0, ...others] = titles.map((_, column) => widestOf(rows, column));
  const between = others.slice(0, -1).reduce((sum, other) => sum + gap.length + other, 0);
  const left = width - between - gap.length - leastSourceWidth;
  const nameWidth = Math.min(widest, Math.max(leastNameWidth, left));
  return rows.map(([name = '', ...cells]) => {
    const padded = cells.map((cell, column) => pad(cell, others[column] ?? 0));
    const line = [pad(cut(name, nameWidth), nameWidth), ...padded].join(gap);
    return cut(line.trimEnd(), width);
  });
}

/** Without Math.max(...): ten thousands of arguments may not fit onto the stack. */
function widestOf(rows: readonly (readonly string[])[], column: number): number {
  return rows.reduce((widest, row) => Math.max(widest, lengthOf(row[column] ?? '')), 0);
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - lengthOf(text)));
}

function cut(text: string, width: number): string {
  if (lengthOf(text) <= width) return text;
  return `${Array.from(text)
    .slice(0, width - 1)
    .join('')}…`;
}

/**
 * Wraps a sentence over several lines instead of cutting it: the reason often stands at its end.
 */
function wrap(text: string, width: number): readonly string[] {
  const line = new RegExp(`\\S.{0,${width - 1}}(?= |$)|\\S{1,${width}}`, 'gu');
  return text.match(line) ?? [];
}

function summarise(status: CollectorStatus, nowMs: number) {
  const { hosts, running, reloadFault, readyFault, routesPath, forwarding, broker, pool } = status;
  const { relays = [], subscriptions = [], configuration } = status;
  const count = (state: keyof typeof ranks) =>
    hosts.filter((host) => stateOf(host) === state).length;
  const counts = [
    counted(hosts.length, 'host'),
    `${count('output')} ok`,
    ...(count('less') === 0 ? [] : [`${count('less')} less`]),
    `${count('grace')} grace`,
    `${count('fault')} fault`,
    `${count('nothing')} nothing`,
    `${running} being asked`,
  ];
  const trouble = [
    ...(configuration === undefined ? [] : describeConfiguration(configuration)),
    ...(reloadFault === undefined ? [] : [`not in force: ${cleanText(reloadFault)}`]),
    ...(readyFault === undefined ? [] : [`not laid ready: ${cleanText(readyFault)}`]),
  ];
  const far = [
    ...(forwarding === undefined ? [] : describeForwarding(forwarding)),
    ...(pool === undefined ? [] : describePool(pool)),
    ...describeRelays(relays),
    ...(broker === undefined ? [] : [describeBroker(broker)]),
    ...subscriptions.map((one) => describeSubscription(one, nowMs)),
  ];
  return [`${counts.join(', ')}; routes: ${cleanText(routesPath)}`, ...trouble, ...far];
}

function describeConfiguration({ path, changed = [], fault }: ConfigurationStatus) {
  if (fault !== undefined) return [`the next start would fail: ${cleanText(fault.message)}`];
  if (changed.length === 0) return [];
  const keys = changed.map((key) => cleanText(key)).join(', ');
  return [`${cleanText(path)} has changed, and counts from the next start: ${keys}`];
}

function toRowAt(nowMs: number): (host: HostStatus) => readonly string[] {
  return (host) => toRow(host, nowMs);
}

/** The fault of a source beside the chain, which there is now. */
function sayMissing(host: HostStatus): string | undefined {
  const fault = host.with?.find((one) => one.fault !== undefined)?.fault;
  return stateOf(host) === 'less' && fault ? `with: ${cleanText(fault.code)}` : undefined;
}

function toRow(host: HostStatus, nowMs: number): readonly string[] {
  const { lastFault } = host;
  const ago = lastFault && formatDuration(Math.max(0, nowMs - Date.parse(lastFault.at)));
  const next =
    host.nextDueMs === 0 ? 'now' : formatDuration(Math.ceil(host.nextDueMs / 1000) * 1000);
  return [
    cleanText(host.host),
    words[stateOf(host)],
    host.ageMs === undefined ? '-' : formatDuration(Math.max(0, host.ageMs)),
    sayMissing(host) ?? (lastFault === undefined ? '-' : `${cleanText(lastFault.code)} ${ago} ago`),
    next,
    host.backoff === 'none' ? '-' : host.backoff,
    cleanText(host.source ?? '-'),
  ];
}
