/** How the collector itself is: cycles, lanes, breakers, the process, the spool. */

import type { Insight } from '../../collector/measures.ts';
import { toVersion } from '../../collector/pool/shares.ts';
import type { OperationsTable, Panel, Series } from '../model.ts';
import { besideMetrics, forwardingFigures, toBesideTables } from './beside-tables.ts';
import { brokerFigures } from './broker-table.ts';
import {
  type FigureSpec,
  type FiguresNow,
  toCountTable,
  toFigures,
  toFurtherTable,
} from './figures.ts';

export const collectorFigures: readonly FigureSpec[] = [
  {
    ...{ name: 'collector.good', label: 'Good cycles', unit: 'per-second', kind: 'rate' },
    metric: 'cycles_total{result=good}',
  },
  {
    ...{ name: 'collector.faulty', label: 'Faulty cycles', unit: 'per-second', kind: 'rate' },
    metric: 'cycles_total{result=faulty}',
  },
  {
    ...{ name: 'collector.lanes', label: 'Lanes in use', unit: 'count', kind: 'value' },
    ...{ metric: 'fetches', limit: 'fetches_limit' },
  },
  {
    ...{ name: 'collector.backoff', label: 'Hosts in backoff', unit: 'count', kind: 'value' },
    metric: 'hosts_in_backoff',
  },
  {
    ...{ name: 'collector.breakers', label: 'Open breakers', unit: 'count', kind: 'value' },
    ...{ metric: 'open_breakers', warnAt: 1 },
  },
  {
    ...{ name: 'collector.oldest', label: 'Oldest good output', unit: 'seconds', kind: 'value' },
    metric: 'oldest_output_age_seconds',
  },
  {
    ...{ name: 'collector.processor', label: 'Processor', unit: 'ratio', kind: 'rate' },
    ...{ metric: 'processor_seconds_total', warnAt: 0.8 },
  },
  {
    ...{ name: 'collector.memory', label: 'Memory', unit: 'bytes', kind: 'value' },
    metric: 'resident_memory_bytes',
  },
  {
    ...{ name: 'collector.spool', label: 'Spool', unit: 'bytes', kind: 'value' },
    metric: 'spool_bytes',
  },
  {
    ...{ name: 'collector.kept', label: 'Hosts in the spool', unit: 'count', kind: 'value' },
    metric: 'spool_hosts',
  },
  ...forwardingFigures,
  ...brokerFigures('collector'),
];

export function toCollectorPanel(
  insight: Insight,
  now: FiguresNow,
  seriesOf: (name: string) => Series | undefined,
): Panel {
  const faults = {
    ...{ name: 'faults', title: 'Cycles without output, by fault', metric: 'faults_total' },
    ...{ label: 'Fault', whenEmpty: 'No cycle has failed since the start.' },
  };
  const own = ['faults_total', 'hosts', 'version', 'start_time_seconds', 'troubles'];
  return {
    ...{ name: 'collector', title: 'Collector', part: 'collector' },
    figures: toFigures(now, seriesOf),
    tables: [
      ...toPool(insight),
      ...toBesideTables(insight.outlets.toStatus()),
      toBreakers(insight),
      toCountTable(now, faults),
      toTroubles(insight),
      toFurtherTable(now, [...own, ...besideMetrics]),
    ],
  };
}

const mostRows = 100;

/** With the pool's own words on what differs; nothing without a pool. */
function toPool({ pool }: Insight): readonly OperationsTable[] {
  if (pool === undefined) return [];
  const { members, difference } = pool.status();
  const rows = members.map(({ member, state, shares }) => ({
    level: difference === undefined ? ('ok' as const) : ('warn' as const),
    cells: [member, state, shares?.hosts ?? '', shares === undefined ? '' : toVersion(shares)],
  }));
  return [
    {
      ...{ name: 'pool', title: difference ?? 'Members of the pool', count: rows.length },
      columns: [
        { label: 'Member' },
        { label: 'State' },
        { label: 'Hosts in its routes', unit: 'count' },
        { label: 'Version of its routes' },
      ],
      rows: rows.slice(0, mostRows),
      whenEmpty: 'None.',
    },
  ];
}

function toBreakers({ openBreakers }: Insight): OperationsTable {
  return toList(openBreakers, {
    ...{ name: 'breakers', title: 'Peers that are left alone for now', label: 'Peer' },
    whenEmpty: 'All peers are asked.',
  });
}

function toTroubles({ troubles }: Insight): OperationsTable {
  return toList(troubles, {
    ...{ name: 'troubles', title: 'Troubles of the collector itself', label: 'Trouble' },
    whenEmpty: 'None.',
  });
}

function toList(
  texts: readonly string[],
  {
    label,
    ...table
  }: Pick<OperationsTable, 'name' | 'title' | 'whenEmpty'> & { readonly label: string },
): OperationsTable {
  return {
    ...table,
    columns: [{ label }],
    rows: texts.slice(0, mostRows).map((text) => ({ level: 'bad', cells: [text] })),
    count: texts.length,
  };
}
