/** Puts one output into the spool without looking through all of it, as a short-lived program must. */

import { join } from 'node:path';
import { asCourierError } from '../faults/system-errors.ts';
import { readDirectory } from '../files/file-calls.ts';
import { DirectCommits } from './commits.ts';
import { makeDirectories } from './directories.ts';
import {
  keptPerHost,
  makeFileName,
  namesOf,
  nextVersion,
  parseFileName,
  shardOf,
} from './names.ts';
import type { Present, Produced } from './newest.ts';
import { readHead } from './reading.ts';
import { makeHeader, type NewOutput } from './record.ts';
import { Shard } from './shard.ts';

/**
 * Resolves when the output would survive a power cut. Older files of the host are removed; there
 * is no limit for all hosts together, which only a resident writer can keep.
 *
 * @returns what is there already and was produced later: then the output is not kept
 * @throws CourierError LOCAL; STALE when it is from the future
 */
export async function putSpooled(
  directory: string,
  output: NewOutput,
  present: Present,
): Promise<Produced | undefined> {
  const { host } = output;
  try {
    present.require(output);
    makeDirectories(directory);
    const shard = await Shard.open(join(directory, shardOf(host)), new DirectCommits(true));
    try {
      return await store(output, shard, present);
    } finally {
      await shard.close();
    }
  } catch (error) {
    throw asCourierError(error, `putting the output of ${host} into ${directory}`);
  }
}

async function store(
  output: NewOutput,
  shard: Shard,
  present: Present,
): Promise<Produced | undefined> {
  const { host, producedAt } = output;
  const there = namesOf(host, await readDirectory(shard.path));
  const counting: string[] = [];
  let newest: Produced | undefined;
  for (const name of there) {
    const head = await readHead(join(shard.path, name));
    if (head === undefined || !present.has(head)) continue;
    newest ??= head;
    counting.push(name);
  }
  if (newest !== undefined && producedAt < newest.producedAt) return newest;
  const [first = ''] = counting;
  const name = makeFileName(host, nextVersion(producedAt, parseFileName(first)?.version));
  const kept = counting.slice(0, keptPerHost - 1);
  const superseded = there.filter((other) => !kept.includes(other));
  const leftover = await shard.store(name, [makeHeader(output), output.output], superseded);
  if (leftover !== undefined) throw leftover;
  return undefined;
}
