/** Reads out of the spool, in any process; nothing is changed. */

import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { CourierError, cleanText } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { fileStatus, readDirectory } from '../files/file-calls.ts';
import { readStart, withOpened } from '../files/read-start.ts';
import type { Logger } from '../logging/log.ts';
import { News } from '../logging/news.ts';
import type { HostName } from '../names/host-name.ts';
import { isTrustedEntry, requireTrusted } from '../system/trusted-path.ts';
import { namesOf, parseFileName, shardOf, shards } from './names.ts';
import { Present } from './newest.ts';
import {
  type Header,
  longestHeaderBytes,
  readHeader,
  readRecord,
  type SpooledOutput,
} from './record.ts';

/** What a reader needs to know. */
export interface ReadContext {
  readonly log: Logger;
  readonly clock: Pick<Clock, 'now'>;
  /** More is TOO_LARGE, before it is read. */
  readonly maxOutputBytes?: number;
  /**
   * How much later than now output may have been produced; it counts as absent when it was later.
   */
  readonly maxSkewMs?: number;
}

/**
 * The newest output of a host, or undefined when there is none. A file that is torn, foreign or from
 * the future is logged, once in a process, and passed over: the one before it is delivered.
 *
 * @throws CourierError LOCAL, TOO_LARGE; CONFIG when others may write to the spool
 */
export function readSpooled(
  directory: string,
  host: HostName,
  context: ReadContext,
): Promise<SpooledOutput | undefined> {
  return readGood(toWanted(directory, host, context), 0);
}

/**
 * The last good output of a host before the newest one, or undefined when there is none.
 *
 * @throws CourierError LOCAL
 */
export function readPrevious(
  directory: string,
  host: HostName,
  context: ReadContext,
): Promise<SpooledOutput | undefined> {
  return readGood(toWanted(directory, host, context), 1);
}

interface WantedOutput {
  readonly directory: string;
  readonly host: HostName;
  readonly log: Logger;
  readonly maxBytes: number;
  readonly present: Present;
}

function toWanted(directory: string, host: HostName, context: ReadContext): WantedOutput {
  const { log, clock, maxOutputBytes: maxBytes = Number.POSITIVE_INFINITY, maxSkewMs } = context;
  return { directory, host, log, maxBytes, present: new Present(clock.now(), maxSkewMs) };
}

/** What stands in the place of output. */
type NoOutput = 'gone' | 'not good';

/** Files vanish only when two newer ones have come since the directory was listed. */
const looks = 10;

async function readGood(wanted: WantedOutput, skipped: number): Promise<SpooledOutput | undefined> {
  const { directory, host } = wanted;
  const shard = join(directory, shardOf(host));
  await requireTrusted(shard);
  try {
    for (let look = 1; look <= looks; look += 1) {
      const outputs = await readNewest(shard, wanted, skipped + 1);
      if (outputs !== 'gone') return outputs[skipped];
    }
  } catch (error) {
    throw asCourierError(error, `reading the output of ${host} in ${directory}`);
  }
  throw new CourierError('LOCAL', `files of ${host} in ${shard} vanish before they are read`);
}

/** The newest good outputs, `count` at most. */
async function readNewest(
  shard: string,
  wanted: WantedOutput,
  count: number,
): Promise<readonly SpooledOutput[] | 'gone'> {
  const good: SpooledOutput[] = [];
  for (const name of namesOf(wanted.host, await listNames(shard))) {
    if (good.length === count) break;
    const path = join(shard, name);
    const output = await readFile(path, wanted);
    if (output === 'gone') return 'gone';
    const isGood = output !== 'not good' && wanted.present.has(output);
    if (isGood) good.push(output);
    else tellOnce(path, whyNot(output), wanted);
  }
  return good;
}

/** What was said of a file, whose name no other has: those who read all the time say it once. */
const told = new News();

function tellOnce(path: string, why: string, { host, log }: WantedOutput): void {
  if (told.isNew(path, why)) log.warn({ host }, `${cleanText(path)} ${why}: passed over`);
}

function whyNot(output: SpooledOutput | 'not good'): string {
  if (output === 'not good') return 'is torn or foreign';
  return `is from the future, ${output.producedAt.toISOString()}`;
}

async function listNames(directory: string): Promise<readonly string[]> {
  return readDirectory(directory).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
}

async function readFile(path: string, wanted: WantedOutput): Promise<SpooledOutput | NoOutput> {
  const read = await withOpened(path, (descriptor) => readOpened(descriptor, wanted));
  return read === 'not a file' ? 'not good' : read;
}

/**
 * What is said of the newest output of each host, without reading it.
 *
 * @throws CourierError LOCAL; CONFIG when others may write to the spool
 */
export async function readNewestHeads(
  directory: string,
  hosts: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Header>> {
  const heads = new Map<string, Header>();
  for (const name of shards) {
    const shard = join(directory, name);
    await requireTrusted(shard);
    try {
      const byHost = Map.groupBy(await listNames(shard), (file) => parseFileName(file)?.host);
      for (const [host, names] of byHost) {
        if (host === undefined || !hosts.has(host)) continue;
        const head = await findNewestHead(shard, namesOf(host, names));
        if (head !== undefined) heads.set(host, head);
      }
    } catch (error) {
      throw asCourierError(error, `looking through the spool ${directory}`);
    }
  }
  return heads;
}

/** @param names newest first; some may be gone by now */
async function findNewestHead(shard: string, names: readonly string[]) {
  for (const name of names) {
    const head = await readHead(join(shard, name));
    if (head !== undefined) return head;
  }
  return undefined;
}

/** What the header of a file says, without a look at what follows it; undefined when it has none. */
export async function readHead(path: string): Promise<Header | undefined> {
  const header = await withOpened(path, async (descriptor) => {
    const { size } = await fileStatus(descriptor);
    return readHeader(await readStart(descriptor, Math.min(size, longestHeaderBytes)), size);
  });
  return typeof header === 'string' ? undefined : header;
}

async function readOpened(
  descriptor: number,
  { host, maxBytes }: WantedOutput,
): Promise<SpooledOutput | NoOutput> {
  const stats = await fileStatus(descriptor);
  if (!stats.isFile() || !isTrustedEntry(stats)) return 'not good';
  if (stats.size > maxBytes + longestHeaderBytes) {
    throw tooLarge(host, stats.size, maxBytes);
  }
  const output = readRecord(await readStart(descriptor, stats.size), host);
  if (output === undefined) return 'not good';
  if (output.output.length > maxBytes) throw tooLarge(host, output.output.length, maxBytes);
  return output;
}

function tooLarge(host: HostName, bytes: number, maxBytes: number): CourierError {
  const what = `the output of ${host} in the spool has ${bytes} bytes, allowed are ${maxBytes}`;
  return new CourierError('TOO_LARGE', what);
}
