/** Private keys that more people can read than should. */

import { join } from 'node:path';
import { pathStatus } from '../files/file-calls.ts';
import { files } from './directory.ts';

const othersRead = 0o004;

/** Paths of private keys that everybody on this machine may read. Never rejects. */
export async function findReadableKeys(directory: string): Promise<readonly string[]> {
  const readable: string[] = [];
  for (const name of [files.rootKey, files.agentCaKey, files.server]) {
    const path = join(directory, name);
    // One that is not there may be kept elsewhere.
    const stats = await pathStatus(path).catch(() => undefined);
    if (stats !== undefined && (stats.mode & othersRead) !== 0) readable.push(path);
  }
  return readable;
}
