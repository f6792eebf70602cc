/** A spool in a directory that lasts as long as a test, and what the tests put into it. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { namesOf, shardOf, shards } from '../../src/spool/names.ts';
import { type NewOutput, Spool, type SpoolSettings } from '../../src/spool/spool.ts';
import { type CollectingLog, makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

export interface TestSpool {
  readonly spool: Spool;
  readonly directory: string;
  readonly log: CollectingLog;
}

type Bounds = Partial<Pick<SpoolSettings, 'directory' | 'maxBytes' | 'maxHosts'>>;

/** An open spool, closed and removed at the end of the test. */
export async function openSpool(test: TestContext, bounds: Bounds = {}): Promise<TestSpool> {
  const directory = bounds.directory ?? join(await makeTempDir(test), 'spool');
  const log = makeCollectingLog();
  const spool = await Spool.open({
    maxBytes: 1e9,
    maxHosts: 100,
    ...bounds,
    directory,
    log,
    clock: systemClock,
  });
  test.after(() => spool.close());
  return { spool, directory, log };
}

/** Output of a host, received that many seconds after midday. */
export function makeNewOutput(host: string, text: string, seconds = 0): NewOutput {
  return {
    host: parseHostName(host),
    output: Buffer.from(text),
    producedAt: new Date(Date.UTC(2026, 0, 1, 11, 59, seconds)),
    receivedAt: new Date(Date.UTC(2026, 0, 1, 12, 0, seconds)),
    origin: 'upload somebody',
  };
}

/** The paths of a host's files, newest first. */
export async function filesOf(directory: string, host: string): Promise<readonly string[]> {
  const name = parseHostName(host);
  const shard = join(directory, shardOf(name));
  return namesOf(name, await readdir(shard)).map((file) => join(shard, file));
}

/** All names in the spool that are of no directory of its own. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  const listed = await Promise.all(shards.map((shard) => readdir(join(directory, shard))));
  return listed.flat();
}
