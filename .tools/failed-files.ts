/** A reporter for node:test that prints nothing but the files in which a test failed, one a line. */

import type { TestEvent } from 'node:test/reporters';

export default async function* failedFiles(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string> {
  const failed = new Set<string>();
  for await (const { type, data } of events) {
    if (type !== 'test:fail') continue;
    // A test may stand in a suite that several files run: the file that was run is meant.
    const file = data.entryFile ?? data.file;
    if (file === undefined || failed.has(file)) continue;
    failed.add(file);
    yield `${file}\n`;
  }
}
