/** What a command prints with --json: one document, an object. */

import type { Io } from './io.ts';

export async function printJson(document: object, { writeOutput }: Io): Promise<void> {
  await writeOutput(Buffer.from(`${JSON.stringify(document, null, 2)}\n`));
}
