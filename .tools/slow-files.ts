/** A reporter for node:test that prints which files took longest, once all are over. */

import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

const mostShown = 12;
/** What takes no longer is of no interest. */
const shortMs = 3000;

export default async function* slowFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const took: { readonly file: string; readonly ms: number }[] = [];
  for await (const { type, data } of events) {
    if (type !== 'test:summary' || data.file === undefined) continue;
    took.push({ file: relative('.', data.file), ms: data.duration_ms });
  }
  const slow = took.filter(({ ms }) => ms > shortMs).sort((one, other) => other.ms - one.ms);
  for (const { file, ms } of slow.slice(0, mostShown)) {
    yield `slow: ${(ms / 1000).toFixed(1).padStart(6)} s ${file}\n`;
  }
}
