/** The output that is fetched over and over. */

import { readFileSync } from 'node:fs';

const windows = new URL('../fixtures/agent-output/windows-2.0/input.txt', import.meta.url);

/** The first whole lines of a real output, 87 kB of them. */
export function sampleOutput(): Buffer {
  const output = readFileSync(windows);
  return output.subarray(0, output.lastIndexOf('\n', 87_000) + 1);
}
