/** Files that come into being all at once. */

import { rename, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Moves a whole file into its place, changed at that moment, or now. */
export async function putFile(path: string, content: Buffer, changedAt?: Date): Promise<void> {
  const waiting = join(dirname(path), `.${basename(path)}`);
  await writeFile(waiting, content);
  if (changedAt !== undefined) await utimes(waiting, changedAt, changedAt);
  await rename(waiting, path);
}
