/**
 * A reporter for node:test that prints nothing and collects what became of the tests of agent updates:
 * those whose names begin with the id of a promise (docs/updates-requirements.md).
 */

import type { TestEvent } from 'node:test/reporters';
import { addRow } from './result-tables.ts';

const named = /^(?:(?:CR|CL|KM|AU|TR|CF|IN|RO|ST|DS|TE|MG)-\d+[a-z]?(?:, )?)+: /;

export default async function* requirementResults(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string> {
  const rows: { readonly test: string; readonly result: string }[] = [];
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, skip } = event.data;
    if (!named.test(name)) continue;
    const skipped = skip === undefined || skip === false ? undefined : `skipped: ${skip}`;
    rows.push({
      test: name,
      result: skipped ?? (event.type === 'test:pass' ? 'passed' : 'failed'),
    });
  }
  for (const row of rows.sort(byId)) addRow('updates', row);
  yield '';
}

function byId(a: { readonly test: string }, b: { readonly test: string }): number {
  return a.test.localeCompare(b.test, 'en', { numeric: true });
}
