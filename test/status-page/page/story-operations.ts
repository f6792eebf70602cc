/** Operations as one meets them, for the pictures and the tests of the page. */

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

const certificates: OperationsTable = {
  ...{ name: 'certificates', title: 'Certificates that expire soon', count: 1 },
  columns: [{ label: 'Certificate' }, { label: 'Left', unit: 'days' }],
  rows: [{ level: 'warn', cells: ['receiver, for checkmk.example.net', 12] }],
  whenEmpty: 'None expires within 30 days.',
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

export function storyOperations(): OperationsDocument {
  return {
    ...{ view: 'operations', nowMs: storyNowMs, parts: storyParts },
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
        tables: [breakers],
      },
      {
        ...{ name: 'receiver', title: 'Receiver', part: 'receiver' },
        figures: [
          figure(['Taken', 22.4, 'per-second']),
          figure(['Refused', 0.02, 'per-second'], { shape: rare }),
          figure(['Handshakes', 3.1, 'per-second']),
          figure(['Broker lag', 0.4, 'seconds'], { shape: rare }),
        ],
        tables: [refusals, certificates],
      },
      {
        ...{ name: 'updates', title: 'Agent updates', part: 'updates' },
        figures: [],
        tables: [stages],
      },
    ],
  };
}
