/** The matrix as text. */

import { positions, type Result } from './cells.ts';
import type { Verdict } from './verdict.ts';

/** A line for each fault of each variant, then what there is of every verdict. */
export function drawMatrix(results: readonly Result[]): readonly string[] {
  const modes = [...new Set(results.map(({ mode }) => mode))];
  const columns = modes.flatMap((mode) => positions.map((position) => ({ mode, position })));
  const byRow = Map.groupBy(results, ({ variant, kind }) => `${variant.name}\0${kind}`);
  const rows = [...byRow].map(([key, cells]) => [
    ...key.split('\0'),
    ...columns.map(({ mode, position }) => {
      const cell = cells.find((one) => one.mode === mode && one.position === position);
      return cell === undefined ? '' : show(cell.verdict);
    }),
    noteOf(cells),
  ]);
  const titles = columns.map(({ mode, position }) => `${mode}: ${position}`);
  return [
    ...drawTable([['source', 'fault', ...titles, ''], ...rows]),
    '',
    ...drawTable([['', ...counted], ...countRows(results)]),
  ];
}

const counted = ['delivered', 'faults', 'not applicable', 'wrong', 'old as fresh'] as const;

type Count = (typeof counted)[number];

const countOf: Readonly<Record<Verdict['kind'], Count>> = {
  delivered: 'delivered',
  fault: 'faults',
  'not applicable': 'not applicable',
  wrong: 'wrong',
  'bait taken': 'old as fresh',
};

/** One row for each transport, fault, position and mode, and one for all. */
function countRows(results: readonly Result[]): readonly (readonly string[])[] {
  const groups = [
    Map.groupBy(results, ({ variant }) => `transport ${variant.transport}`),
    Map.groupBy(results, ({ kind }) => `fault ${kind}`),
    Map.groupBy(results, ({ position }) => `position ${position}`),
    Map.groupBy(results, ({ mode }) => `mode ${mode}`),
    new Map([['all', results]]),
  ];
  return groups.flatMap((group) => [...group]).map(([title, cells]) => [title, ...count(cells)]);
}

function count(cells: readonly Result[]): readonly string[] {
  return counted.map((name) =>
    String(cells.filter(({ verdict }) => countOf[verdict.kind] === name).length),
  );
}

function show(verdict: Verdict): string {
  if (verdict.kind === 'fault') return verdict.code;
  if (verdict.kind === 'not applicable') return '-';
  return verdict.kind;
}

function noteOf(cells: readonly Result[]): string {
  const notes = cells.map(({ verdict }) => {
    if (verdict.kind === 'not applicable') return verdict.because;
    return verdict.kind === 'wrong' ? verdict.what : '';
  });
  return [...new Set(notes)].filter((note) => note !== '').join('; ');
}

function drawTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
