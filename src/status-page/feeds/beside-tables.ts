/** What hangs on a collector: sources that are followed, the way of a relay, the broker. */

import type { BrokerStatus } from '../../broker/status-shape.ts';
import { askedMeanwhile } from '../../collector/broker-lines.ts';
import type {
  CollectorStatus,
  ForwardingStatus,
  SubscriptionStatus,
} from '../../collector/status-shape.ts';
import { counted } from '../../names/counted.ts';
import type { Level, Notice, OperationsTable } from '../model.ts';
import { brokerMetrics, toBrokerTable } from './broker-table.ts';
import type { FigureSpec } from './figures.ts';

type Beside = Pick<Partial<CollectorStatus>, 'subscriptions' | 'forwarding' | 'broker'>;

const mostRows = 100;
/** Of more notices those that follow help nobody; the table has them. */
const mostNotices = 5;

/** Metrics that the tables show. */
export const besideMetrics = [
  ...brokerMetrics,
  ...['subscription_following', 'subscription_hosts', 'subscription_arrived_total'],
  ...['subscription_foreign_total', 'subscription_gaps_total', 'subscription_losses_total'],
  ...['relay_receiver_up', 'relay_last_contact_seconds'],
];

/** Only where the collector is a relay. */
export const forwardingFigures: readonly FigureSpec[] = [
  {
    ...{ name: 'collector.forwarded', label: 'Hosts forwarded', unit: 'count', kind: 'value' },
    metric: 'relay_hosts',
  },
  {
    ...{ name: 'collector.to-forward', label: 'Waiting to be forwarded', unit: 'count' },
    ...{ kind: 'value', metric: 'relay_waiting' },
  },
];

export function toBesideTables({
  subscriptions = [],
  forwarding,
  broker,
}: Beside): readonly OperationsTable[] {
  return [
    ...(subscriptions.length === 0 ? [] : [toFollowed(subscriptions)]),
    ...(forwarding === undefined ? [] : toForwarding(forwarding)),
    ...(broker === undefined ? [] : [toBrokerTable(broker)]),
  ];
}

const levels: Readonly<Record<SubscriptionStatus['state'], Level>> = {
  ...{ following: 'ok', beginning: 'warn', away: 'bad' },
};

function toFollowed(subscriptions: readonly SubscriptionStatus[]): OperationsTable {
  const rows = subscriptions.map((one) => {
    const { source, state, since, hosts, arrived, foreign, gaps, losses, fault } = one;
    const how = state === 'away' ? `away, its hosts are ${askedMeanwhile}` : state;
    const sinceMs = since === undefined ? '' : Date.parse(since);
    const counts = [hosts, arrived, foreign, gaps, losses];
    return { level: levels[state], cells: [source, how, sinceMs, ...counts, describe(fault)] };
  });
  return {
    ...{ name: 'followed', title: 'Sources that are followed', whenEmpty: 'None.' },
    columns: [
      ...[{ label: 'Source' }, { label: 'State' }, { label: 'Since', unit: 'moment' as const }],
      ...['Hosts', 'Arrived', 'In no route', 'Gaps', 'Times lost'].map(toCountColumn),
      { label: 'Why' },
    ],
    ...{ rows: rows.slice(0, mostRows), count: rows.length },
  };
}

function toCountColumn(label: string) {
  return { label, unit: 'count' as const };
}

const receiverStates: Readonly<Record<ForwardingStatus['receivers'][number]['state'], string>> = {
  ...{ used: 'gets what comes', well: 'well', down: 'down', untried: 'not tried yet' },
};

/** Receivers, and what they do not take. */
function toForwarding(forwarding: ForwardingStatus): readonly OperationsTable[] {
  const { relay, receivers, refusedHosts } = forwarding;
  const rows = receivers.map(({ url, state, lastContactAt, fault }) => ({
    level: state === 'down' ? ('bad' as const) : ('ok' as const),
    cells: [
      ...[url, receiverStates[state]],
      ...[lastContactAt === undefined ? '' : Date.parse(lastContactAt), describe(fault)],
    ],
  }));
  const as = relay === undefined ? '' : `, where it is called ${relay}`;
  const refused = refusedHosts.map(({ host, message }) => ({
    level: 'warn' as const,
    cells: [host, message],
  }));
  return [
    {
      ...{ name: 'receivers', title: `Receivers of this relay${as}`, whenEmpty: 'None.' },
      columns: [
        ...[{ label: 'Receiver' }, { label: 'State' }],
        ...[{ label: 'Last contact', unit: 'moment' as const }, { label: 'Why' }],
      ],
      ...{ rows: rows.slice(0, mostRows), count: rows.length },
    },
    ...(refused.length === 0
      ? []
      : [
          {
            ...{ name: 'refused', title: 'Hosts that no receiver takes', whenEmpty: 'None.' },
            columns: [{ label: 'Host' }, { label: 'Why' }],
            ...{ rows: refused.slice(0, mostRows), count: refused.length },
          },
        ]),
  ];
}

/** What people should know before they look at hosts. */
export function toNotices({ subscriptions = [], forwarding, broker }: Beside): readonly Notice[] {
  return [
    ...subscriptions.filter(({ state }) => state === 'away').map(toAwayNotice),
    ...(forwarding === undefined ? [] : toForwardingNotices(forwarding)),
    ...(broker === undefined ? [] : toBrokerNotices(broker)),
  ].slice(0, mostNotices);
}

function toAwayNotice({ source, since, hosts, fault }: SubscriptionStatus): Notice {
  const what = `its ${counted(hosts, 'host')} ${hosts === 1 ? 'is' : 'are'} ${askedMeanwhile}`;
  return {
    text: `${source} is away: ${describe(fault)}; ${what}`,
    ...(since === undefined ? {} : { sinceMs: Date.parse(since) }),
  };
}

/** Another receiver that takes what comes is no reason to say nothing of one that is down. */
function toForwardingNotices({ receivers, waiting }: ForwardingStatus): readonly Notice[] {
  const down = receivers.filter(({ state }) => state === 'down');
  const isTaken = receivers.some(({ state }) => state === 'used');
  const rest = isTaken ? '; another one takes what comes' : waits(waiting);
  return down.map(({ url, lastContactAt, fault }) => ({
    text: `the receiver ${url} is down: ${describe(fault)}${rest}`,
    ...(lastContactAt === undefined ? {} : { sinceMs: Date.parse(lastContactAt) }),
  }));
}

/** Output that waits for a moment only is no news. */
const shortestLagMs = 10_000;

function toBrokerNotices({ away, waiting, lagMs }: BrokerStatus): readonly Notice[] {
  if (away !== undefined) {
    return [{ text: `the broker is away: ${describe(away)}${waits(waiting)}` }];
  }
  return lagMs < shortestLagMs
    ? []
    : [
        {
          text: `the broker gets what waited: output of ${counted(waiting, 'host')} is still here`,
        },
      ];
}

function waits(hosts: number): string {
  return hosts === 0 ? '' : `; output of ${counted(hosts, 'host')} waits here`;
}

function describe(fault: { readonly code: string; readonly message: string } | undefined): string {
  return fault === undefined ? '' : `${fault.message} (${fault.code})`;
}
