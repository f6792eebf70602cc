/** The tables of faults in the transports' pages, held against what the code raises. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { faults } from '../../src/faults/errors.ts';
import { catalog } from '../../src/transports/catalog.ts';

const known: readonly string[] = Object.keys(faults);

/** A mistake in a command line or a bug is no matter of one transport. */
const ofEveryTransport: readonly string[] = ['USAGE', 'INTERNAL', 'INTERRUPTED'];

/** Codes a source names: in a `CourierError`, in a table of its own. */
function codesIn(source: string): readonly string[] {
  const quoted = [...source.matchAll(/'([A-Z]{3,}(?:_[A-Z]+)?)'/g)].map(([, code = '']) => code);
  return quoted.filter((code) => known.includes(code) && !ofEveryTransport.includes(code));
}

/** The rows of the table whose head has a column for the code. */
function faultRows(page: string): readonly string[] {
  const table = /^\|[^\n]*\b(?:code|fault)\b[^\n]*\|\n\| ---[^\n]*\n((?:\|[^\n]*\n)+)/m.exec(page);
  return (table?.[1] ?? '').split('\n').filter(Boolean);
}

function codesInTable(page: string): ReadonlySet<string> {
  const cells = faultRows(page).flatMap((row) => row.split('|').map((cell) => cell.trim()));
  const alone = cells.filter((cell) => /^[A-Z_]+(?:, [A-Z_]+)*$/.test(cell));
  return new Set(alone.flatMap((cell) => cell.split(', ')));
}

for (const transport of new Set(Object.values(catalog).map((entry) => entry.transport))) {
  const page = readFileSync(`src/transports/${transport}/README.md`, 'utf8');

  test(`${transport}: the page names every fault that its folder raises`, () => {
    const sources = globSync(`src/transports/${transport}/*.ts`);
    const raised = sources.flatMap((path) => codesIn(readFileSync(path, 'utf8')));
    const named = codesInTable(page);
    assert.deepEqual(
      [...new Set(raised)].filter((code) => !named.has(code)),
      [],
    );
  });

  test(`${transport}: the page names no fault that the program does not know`, () => {
    const named = [...codesInTable(page)];
    assert.ok(named.length > 0);
    assert.deepEqual(
      named.filter((code) => !known.includes(code)),
      [],
    );
  });
}
