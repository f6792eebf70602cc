/** Which file of a directory is the newest that is complete. */

import type { Dirent } from 'node:fs';
import { errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readDirectory } from './file-system.ts';

/** Names of files still being written, and of sums that belong to a file. */
const incomplete = /^\.|\.(?:tmp|part|filepart|sha256)$|~$/i;

interface Candidate {
  readonly name: Buffer;
  readonly mtimeNs: bigint;
}

/** So many questions are with the file system at a time. */
const batchSize = 256;

/**
 * The name of the file with the latest mtime, of those the one with the last name; undefined
 * when no complete file is there.
 *
 * @param directory its path, with a `/` at its end
 */
export async function findNewest(
  directory: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const entries = await readDirectory(directory, { withFileTypes: true, encoding: 'buffer' });
  const names = entries.filter(mayBeComplete).map(({ name }) => name);
  let newest: Candidate | undefined;
  for (let start = 0; start < names.length; start += batchSize) {
    signal.throwIfAborted();
    const batch = names.slice(start, start + batchSize);
    for (const candidate of await Promise.all(batch.map((name) => look(directory, name)))) {
      if (candidate !== undefined && isNewer(candidate, newest)) newest = candidate;
    }
  }
  return newest?.name;
}

/** A link is looked through later: it may lead to a file. */
function mayBeComplete(entry: Dirent<Buffer>): boolean {
  return (entry.isFile() || entry.isSymbolicLink()) && !incomplete.test(entry.name.toString());
}

/** Undefined when it is no file, or has gone since the directory was listed. */
async function look(directory: string, name: Buffer): Promise<Candidate | undefined> {
  const path = Buffer.concat([Buffer.from(directory), name]);
  try {
    const stats = await pathStatus(path, { bigint: true });
    return stats.isFile() ? { name, mtimeNs: stats.mtimeNs } : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isNewer(candidate: Candidate, newest: Candidate | undefined): boolean {
  if (newest === undefined || candidate.mtimeNs > newest.mtimeNs) return true;
  return candidate.mtimeNs === newest.mtimeNs && Buffer.compare(candidate.name, newest.name) > 0;
}
