/**
 * Tables of what tests have found, such as the cause that was named for each fault. Test files run in
 * processes of their own: each adds its rows to a file a table, and all are printed once at the end.
 */

import { appendFileSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** By column, the first one says which row it is. */
export type ResultRow = Readonly<Record<string, string>>;

/** The directory of a run, for the processes that run tests. */
const variable = 'COURIER_TEST_TABLES';

/** What became of a case stands there, and is counted below the table. */
const counted = 'result';

/** Adds a row, or does nothing where nobody collects rows: whether it was added. */
export function addRow(table: string, row: ResultRow): boolean {
  const directory = process.env[variable];
  if (directory === undefined) return false;
  appendFileSync(join(directory, `${table}.jsonl`), `${JSON.stringify(row)}\n`);
  return true;
}

/** Runs tests whose rows are printed when all are over. */
export function withTables<Result>(run: () => Result): Result {
  const directory = mkdtempSync(join(tmpdir(), 'courier-tables-'));
  process.env[variable] = directory;
  try {
    return run();
  } finally {
    for (const path of globSync(join(directory, '*.jsonl')).sort()) {
      const rows = readFileSync(path, 'utf8').split('\n').filter(Boolean);
      const title = basename(path, '.jsonl');
      process.stdout.write(
        formatTable(
          title,
          rows.map((row) => JSON.parse(row)),
        ),
      );
    }
    rmSync(directory, { recursive: true });
  }
}

/** Aligned columns below a title, and how many rows came to which result. A test run twice has one row. */
export function formatTable(title: string, all: readonly ResultRow[]): string {
  const byName = new Map(all.map((row) => [Object.values(row)[0] ?? '', row]));
  const rows = [...byName.values()];
  const names = [...new Set(rows.flatMap(Object.keys))];
  const cells = [names, ...rows.map((row) => names.map((name) => row[name] ?? ''))];
  const widths = names.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `\n${[title, ...lines, count(rows)].join('\n')}\n`;
}

function count(rows: readonly ResultRow[]): string {
  const results = rows.map((row) => row[counted] ?? '').filter(Boolean);
  const shares = [...new Set(results)].sort().map((result) => {
    const share = results.filter((one) => one === result).length;
    return `${share} ${result} (${((100 * share) / rows.length).toFixed(1)} %)`;
  });
  return [`${rows.length} cases`, ...shares].join(', ');
}
