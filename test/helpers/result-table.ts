/** Rows of a table of results: printed with those of all test files, or by a file that runs alone. */

import { addRow, formatTable, type ResultRow } from '../../.tools/result-tables.ts';

const own = new Map<string, ResultRow[]>();

/** @param row by column; the first one says which row it is */
export function noteRow(table: string, row: ResultRow): void {
  if (addRow(table, row)) return;
  if (own.size === 0) process.once('exit', printOwn);
  own.set(table, [...(own.get(table) ?? []), row]);
}

function printOwn(): void {
  for (const [table, rows] of own) process.stdout.write(formatTable(table, rows));
}
