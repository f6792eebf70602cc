/** The table of hosts. */

import type { FaultLine, FleetDocument, FleetQuery, Grouping, HostRow, Sorting } from '../model.ts';
import { type Content, h } from './element.ts';
import { groupOfRow, groupTitle } from './fleet-groups.ts';
import { fleetPath, hostPath } from './fleet-path.ts';
import { ageOf, formatBytes, formatTook } from './format.ts';
import { link, type Scope } from './scope.ts';
import { stateLabel } from './symbols.ts';

interface Column {
  readonly name: string;
  readonly title: string;
  readonly sort?: Sorting;
}

const columns: readonly Column[] = [
  { name: 'state', title: 'State', sort: 'state' },
  { name: 'host', title: 'Host', sort: 'host' },
  { name: 'age', title: 'Age', sort: 'age' },
  { name: 'took', title: 'Took', sort: 'duration' },
  { name: 'size', title: 'Size', sort: 'bytes' },
  { name: 'story', title: 'Source, last fault' },
];

export function tableOf(document: FleetDocument, scope: Scope): Content {
  const { query, rows } = document;
  if (rows.length === 0) return emptyOf(document, scope);
  return h(
    'table',
    { class: 'hosts', key: 'hosts' },
    h('caption', { class: 'unseen' }, 'Hosts'),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        columns.map((column) => headOf(column, query, scope)),
      ),
    ),
    query.group === undefined
      ? h(
          'tbody',
          {},
          rows.map((row) => rowOf(row, false, scope)),
        )
      : groupedBodies(rows, query.group, scope),
  );
}

/** Numbers begin at the largest, names at A. */
const beginsDescending: ReadonlySet<Sorting> = new Set(['age', 'duration', 'bytes']);

function headOf({ name, title, sort }: Column, query: FleetQuery, scope: Scope): Content {
  const attributes = { key: name, scope: 'col', class: `in-${name}` };
  if (sort === undefined) return h('th', attributes, title);
  const isCurrent = query.sort === sort;
  const isDescending = isCurrent ? !query.isDescending : beginsDescending.has(sort);
  const direction = query.isDescending ? 'descending' : 'ascending';
  return h(
    'th',
    { ...attributes, 'aria-sort': isCurrent ? direction : undefined },
    link(scope, fleetPath(query, { sort, isDescending }), {}, title),
  );
}

/** Rows of a group stand together: each group is a body with its head. */
function groupedBodies(rows: readonly HostRow[], grouping: Grouping, scope: Scope): Content {
  const bodies = new Map<string, HostRow[]>();
  for (const row of rows) {
    const name = groupOfRow(row, grouping);
    const body = bodies.get(name) ?? [];
    body.push(row);
    bodies.set(name, body);
  }
  return [...bodies].map(([name, body]) =>
    h(
      'tbody',
      { key: `group-${name}` },
      h(
        'tr',
        { class: 'group-head' },
        h('th', { scope: 'rowgroup', colspan: columns.length }, groupTitle(grouping, name)),
      ),
      body.map((row) => rowOf(row, grouping === 'route', scope)),
    ),
  );
}

function rowOf(row: HostRow, isRouteTold: boolean, scope: Scope): Content {
  const { host, state, producedAtMs, durationMs, bytes } = row;
  return h(
    'tr',
    { key: `host-${host}`, class: `is-${state}` },
    h('td', { class: 'in-state' }, stateLabel(state)),
    h('th', { scope: 'row', class: 'in-host' }, link(scope, hostPath(host), {}, host)),
    h('td', { class: 'in-age' }, ageOf(producedAtMs, scope.nowMs)),
    h('td', { class: 'in-took' }, durationMs === undefined ? '' : formatTook(durationMs)),
    h('td', { class: 'in-size' }, bytes === undefined ? '' : formatBytes(bytes)),
    h('td', { class: 'in-story' }, storyOf(row, isRouteTold)),
  );
}

/** Where it comes from, and below it why nothing does. */
function storyOf(row: HostRow, isRouteTold: boolean): Content {
  const { host, route, source, fault, state, failures } = row;
  const origin = h(
    'span',
    { class: 'origin' },
    route !== undefined && !isRouteTold && h('span', { class: 'route' }, route),
    source !== undefined && h('code', {}, source),
  );
  if (fault === undefined || state === 'fresh') return origin;
  return [
    origin,
    h(
      'span',
      { class: 'fault', title: fault.line },
      h('b', { class: 'code' }, fault.code),
      failures > 1 && h('span', { class: 'times', title: 'in a row' }, `×${failures}`),
      ' ',
      h('span', { class: 'line' }, withoutFrame(fault, host)),
    ),
  ];
}

/** The line without what stands beside it: program, transport, host and code. */
function withoutFrame({ line, code }: FaultLine, host: string): string {
  const named = `: ${host}: `;
  const at = line.indexOf(named);
  const inner = at < 0 ? line.replace(/^cmk-courier: /, '') : line.slice(at + named.length);
  return inner.endsWith(` (${code})`) ? inner.slice(0, -code.length - 3) : inner;
}

function emptyOf({ query, hostCount }: FleetDocument, scope: Scope): Content {
  if (hostCount === 0) return h('p', { class: 'empty', key: 'empty' }, 'No host is known yet.');
  const all = { states: [], search: '', within: undefined };
  return h(
    'p',
    { class: 'empty', key: 'empty' },
    query.search === ''
      ? 'No host is like this. '
      : `No host like this has “${query.search}” in its name. `,
    link(scope, fleetPath(query, all), {}, 'Show all hosts'),
  );
}
