/**
 * A reporter for node:test that prints a line for each file in which a test failed, `failed FILE`, and
 * one for each that has ended, `took MILLISECONDS FILE`.
 */

import type { TestEvent } from 'node:test/reporters';

export default async function* fileResults(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string> {
  const failed = new Set<string>();
  for await (const { type, data } of events) {
    if (type === 'test:summary' && data.file !== undefined) {
      yield `took ${Math.round(data.duration_ms)} ${data.file}\n`;
    }
    if (type !== 'test:fail') continue;
    // A test may stand in a suite that several files run: the file that was run is meant.
    const file = data.entryFile ?? data.file;
    if (file === undefined || failed.has(file)) continue;
    failed.add(file);
    yield `failed ${file}\n`;
  }
}
