/** What a broker does to a service that puts outputs into it, as a table of its panel. */

import type { BrokerStatus } from '../../broker/status-shape.ts';
import { formatDuration } from '../../times/durations.ts';
import type { OperationsTable } from '../model.ts';
import type { FigureSpec } from './figures.ts';

/** Metrics that the table shows. */
export const brokerMetrics = [
  ...['broker_away', 'broker_stored_total', 'broker_forwarded_total'],
  ...['broker_older_outputs_total', 'broker_conflicts_total', 'broker_attempts_again_total'],
  ...['broker_lost_total', 'broker_reconnects_total'],
];

/** What waits, and how long; nothing without a broker. */
export function brokerFigures(part: 'collector' | 'receiver'): readonly FigureSpec[] {
  return [
    {
      ...{ name: `${part}.broker-waiting`, label: 'Hosts waiting for the broker', unit: 'count' },
      ...{ kind: 'value', metric: 'broker_waiting_hosts' },
    },
    {
      ...{ name: `${part}.broker-lag`, label: 'Lag to the broker', unit: 'seconds' },
      ...{ kind: 'value', metric: 'broker_lag_seconds', warnAt: 60 },
    },
  ];
}

type Row = OperationsTable['rows'][number];

export function toBrokerTable(status: BrokerStatus): OperationsTable {
  const { away, waiting, lagMs, stored, forwarded, older, conflicts, again } = status;
  const { lost, reconnects } = status;
  const since = waiting === 0 ? '' : `, the first of them for ${formatDuration(lagMs)}`;
  const ok = (what: string, count: number): Row => ({ level: 'ok', cells: [what, count] });
  const state: Row =
    away === undefined
      ? { level: 'ok', cells: ['It takes outputs', ''] }
      : { level: 'bad', cells: [`It is away: ${away.message} (${away.code})`, ''] };
  const rows = [
    state,
    ok(`Hosts whose output waits here${since}`, waiting),
    ok('Outputs it has acknowledged', stored),
    ok('of them had waited here', forwarded),
    ok('Outputs dropped for newer ones that were there', older),
    ok('Conflicts with another writer', conflicts),
    ok('Attempts that had to be repeated', again),
    {
      level: lost === 0 ? ('ok' as const) : ('bad' as const),
      cells: ['Outputs it had acknowledged and has lost', lost],
    },
    ok('Connections after the first one', reconnects),
  ];
  return {
    ...{
      name: 'broker',
      title: 'Broker, counted since the start',
      whenEmpty: 'None.',
      count: 0,
      rows,
    },
    columns: [{ label: 'What' }, { label: 'Number', unit: 'count' }],
  };
}
