/** Operations as one meets them, for the pictures and the tests of the page. */

import { toBesideTables, toNotices } from '../../../src/status-page/feeds/beside-tables.ts';
import { toBrokerTable } from '../../../src/status-page/feeds/broker-table.ts';
import {
  certificateColumns,
  toCertificateTable,
} from '../../../src/status-page/feeds/host-certificates.ts';
import { relayColumns } from '../../../src/status-page/feeds/receiver-tables.ts';
import type {
  Figure,
  Level,
  OperationsDocument,
  OperationsTable,
  Unit,
} from '../../../src/status-page/model.ts';
import { storyNowMs, storyParts, storySeries } from './story.ts';

type Shape = (part: number, noise: number) => number;

const day: Shape = (part, noise) => 0.7 + 0.2 * Math.sin(part * 6.3 - 2) + noise * 0.12;

function figure(
  [label, value, unit]: readonly [string, number, Unit],
  { note, level = 'ok', shape = day }: { note?: string; level?: Level; shape?: Shape } = {},
): Figure {
  const name = label.toLowerCase().replaceAll(' ', '-');
  const series = storySeries(name, label, unit, (part, noise) => value * shape(part, noise));
  return { name, label, unit, value, level, note, series };
}

const rare: Shape = (_part, noise) => (noise > 0.93 ? noise : 0);

const breakers: OperationsTable = {
  ...{ name: 'breakers', title: 'Peers that are left alone for now', count: 2 },
  columns: [
    { label: 'Peer' },
    { label: 'Hosts', unit: 'count' },
    { label: 'Until', unit: 'moment' },
  ],
  rows: [
    { level: 'bad', cells: ['depot.example.net:443', 418, storyNowMs + 25_000] },
    { level: 'warn', cells: ['10.44.0.1:6556', 1, storyNowMs + 204_000] },
  ],
  whenEmpty: 'All peers are asked.',
};

const refusals: OperationsTable = {
  ...{ name: 'refusals', title: 'Refusals by reason', count: 3 },
  columns: [
    { label: 'Reason' },
    { label: 'Today', unit: 'count' },
    { label: 'Last', unit: 'moment' },
  ],
  rows: [
    { level: 'ok', cells: ['older than what is there', 128, storyNowMs - 9000] },
    { level: 'ok', cells: ['not agent output', 7, storyNowMs - 1_900_000] },
    { level: 'warn', cells: ['certificate of another host', 2, storyNowMs - 41_000_000] },
  ],
  whenEmpty: 'Nothing was refused.',
};

const dayMs = 86_400_000;

const beside = {
  subscriptions: [
    {
      ...{ source: 'nats://broker1,broker2/mysite/{host}', state: 'away' as const },
      ...{ since: new Date(storyNowMs - 307_000).toISOString(), hosts: 412, arrived: 118_403 },
      ...{ foreign: 0, gaps: 2, losses: 3 },
      fault: {
        code: 'UNREACHABLE',
        message: 'connecting to broker1:4222, broker2:4222: connection refused',
      },
    },
    {
      ...{ source: 'spool:', state: 'following' as const },
      ...{ since: new Date(storyNowMs - 3 * dayMs).toISOString(), hosts: 1200, arrived: 512_007 },
      ...{ foreign: 14, gaps: 0, losses: 0 },
    },
  ],
};

const broker = toBrokerTable({
  ...{ away: undefined, waiting: 3, lagMs: 4200, stored: 118_420, older: 2, conflicts: 1 },
  ...{ again: 5, lost: 0, forwarded: 214, reconnects: 1 },
});

const relays: OperationsTable = {
  ...{ name: 'relays', title: 'Relays', whenEmpty: 'No relay has sent anything.', count: 2 },
  columns: relayColumns,
  rows: [
    {
      level: 'bad',
      cells: [
        ...['oslo', 'relay oslo has been silent for 12m (refused 11m ago: revoked)', '10.44.0.2'],
        ...[214, 3, storyNowMs - 720_000, '0.1.0'],
      ],
    },
    {
      level: 'ok',
      cells: ['bergen', 'well', '10.45.0.2', 96, 0, storyNowMs - 9000, '0.1.0'],
    },
  ],
};

const holders = [
  ['kiosk-112', ['kiosk-112'], 4, false],
  ['oslo', ['branch-oslo-*', 'oslo-*'], 340, true],
  ['kiosk-113', ['kiosk-113'], 1490, false],
  ['bergen', ['branch-bergen-*'], 1490, false],
] as const;

const certificates: OperationsTable = {
  ...{ name: 'certificates', title: 'Certificates of hosts', columns: certificateColumns },
  ...toCertificateTable(
    holders.map(([name, hosts, days, isRevoked], index) => ({
      ...{ name, hosts, isRevoked, isRenewed: true, endsAtMs: storyNowMs + days * dayMs },
      serial: `4f1d${index}b0c2a9e77d05c3a4e5f60718293a4b5c6d7`,
    })),
    storyNowMs,
  ),
  whenEmpty: 'No host has one.',
};

const stages: OperationsTable = {
  ...{ name: 'stages', title: 'Roll-out of 2.4.0p5', count: 3 },
  columns: [
    { label: 'Stage' },
    { label: 'Hosts', unit: 'count' },
    { label: 'Done', unit: 'ratio' },
  ],
  rows: [
    { level: 'ok', cells: ['canaries', 20, 1] },
    { level: 'ok', cells: ['windows, first half', 310, 0.97] },
    { level: 'warn', cells: ['windows, second half', 322, 0.12] },
  ],
  whenEmpty: 'Nothing is rolled out.',
};

const partsWithNotices = storyParts.map((part) =>
  part.name === 'collector' ? { ...part, notices: toNotices(beside) } : part,
);

export function storyOperations(): OperationsDocument {
  return {
    ...{ view: 'operations', nowMs: storyNowMs, parts: partsWithNotices },
    panels: [
      {
        ...{ name: 'collector', title: 'Collector', part: 'collector' },
        figures: [
          figure(['Cycles', 40.2, 'per-second']),
          figure(['Faulty cycles', 0.62, 'per-second']),
          figure(['Lanes in use', 61, 'count'], { note: 'of 64', level: 'warn' }),
          figure(['Processor', 0.21, 'ratio'], { note: 'of a core' }),
          figure(['Memory', 184_000_000, 'bytes'], { shape: (part) => 0.8 + part * 0.2 }),
          figure(['Spool', 96_400_000, 'bytes'], { shape: () => 1 }),
          figure(['Longest wait', 0.18, 'seconds'], { shape: rare }),
        ],
        tables: [...toBesideTables(beside), breakers],
      },
      {
        ...{ name: 'receiver', title: 'Receiver', part: 'receiver' },
        figures: [
          figure(['Taken', 22.4, 'per-second']),
          figure(['Refused', 0.02, 'per-second'], { shape: rare }),
          figure(['Handshakes', 3.1, 'per-second']),
          figure(['Broker lag', 0.4, 'seconds'], { shape: rare }),
        ],
        tables: [refusals, broker, relays, certificates],
      },
      {
        ...{ name: 'updates', title: 'Agent updates', part: 'updates' },
        figures: [],
        tables: [stages],
      },
    ],
  };
}
