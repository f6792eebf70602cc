/** Puts one output into the spool without looking through all of it, as a short-lived program must. */

import { join } from 'node:path';
import { asCourierError } from '../faults/system-errors.ts';
import { makeDirectories } from './directories.ts';
import { readDirectory } from './file-system.ts';
import {
  keptPerHost,
  makeFileName,
  namesOf,
  nextVersion,
  parseFileName,
  shardOf,
} from './names.ts';
import { makeHeader, type NewOutput } from './record.ts';
import { Shard } from './shard.ts';

/**
 * Resolves when the output would survive a power cut. Older files of the host are removed; there
 * is no limit for all hosts together, which only a resident writer can keep.
 *
 * @throws CourierError LOCAL
 */
export async function putSpooled(directory: string, output: NewOutput): Promise<void> {
  const { host } = output;
  try {
    makeDirectories(directory);
    const shard = await Shard.open(join(directory, shardOf(host)), () => undefined);
    try {
      const there = namesOf(host, await readDirectory(shard.path));
      const newest = there[0] === undefined ? undefined : parseFileName(there[0])?.version;
      const name = makeFileName(host, nextVersion(output.receivedAt, newest));
      await shard.store(name, [makeHeader(output), output.output]);
      await shard.remove(there.slice(keptPerHost - 1));
    } finally {
      await shard.close();
    }
  } catch (error) {
    throw asCourierError(error, `putting the output of ${host} into ${directory}`);
  }
}
