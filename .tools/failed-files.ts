/** A reporter for node:test that prints nothing but the files in which a test failed, one a line. */

import type { TestEvent } from 'node:test/reporters';

export default async function* failedFiles(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string> {
  const failed = new Set<string>();
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.file === undefined || failed.has(data.file)) continue;
    failed.add(data.file);
    yield `${data.file}\n`;
  }
}
