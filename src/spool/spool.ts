/** Newest output of each host plus the last good one before it, on disk. */

import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { readDirectory } from '../files/file-calls.ts';
import type { Logger } from '../logging/log.ts';
import type { HostName } from '../names/host-name.ts';
import { type Commits, DirectCommits } from './commits.ts';
import { makeDirectories } from './directories.ts';
import { GroupCommits } from './group-commits.ts';
import { Holdings, type Kept, type SpoolSummary } from './holdings.ts';
import { takeInventory, tidyBroken } from './inventory.ts';
import {
  brokenDirectory,
  isProducedAfter,
  makeFileName,
  namesOf,
  nextVersion,
  shardOf,
  shards,
} from './names.ts';
import { Present, type Produced } from './newest.ts';
import { cleanOrigin, makeHeader, type NewOutput } from './record.ts';
import { Shard } from './shard.ts';

export type { SpoolSummary } from './holdings.ts';
export { readPrevious, readSpooled } from './reading.ts';
export type { NewOutput, SpooledOutput } from './record.ts';

export interface SpoolSettings {
  readonly directory: string;
  /** Of all files together. */
  readonly maxBytes: number;
  readonly maxHosts: number;
  readonly log: Logger;
  readonly clock: Pick<Clock, 'now'>;
  /**
   * Whether output shall survive a power cut, as it does unless told otherwise. Where it need not,
   * readers still get whole output or none.
   */
  readonly isDurable?: boolean;
}

/** What a writer knows: what was there when it opened the spool, and what it has put since. */
export interface SpoolStatistics {
  readonly hosts: number;
  /** Of all files, those before the newest ones included. */
  readonly bytes: number;
  /** How long the latest fsync of a file or directory took; 0 before the first. */
  readonly lastFsyncMs: number;
  /** How many there were, and how long they took together. */
  readonly fsyncs: number;
  readonly fsyncMs: number;
}

/** The spool as a writer sees it; several processes may write to the same one. */
export class Spool {
  readonly #settings: SpoolSettings;
  readonly #holdings: Holdings;
  #commits: Commits | undefined;
  readonly #shards = new Map<string, Shard>();
  /** The last of each host's puts and removals that has not ended. */
  readonly #turns = new Map<HostName, Promise<unknown>>();
  #lastFsyncMs = 0;
  #fsyncs = 0;
  #fsyncMs = 0;
  #closed: Promise<void> | undefined;

  private constructor(settings: SpoolSettings) {
    this.#settings = settings;
    this.#holdings = new Holdings(settings);
  }

  /**
   * Makes the directories (0700) where they are missing, removes what was half-way written, sets
   * aside what is torn or foreign, and reads what is there.
   *
   * @throws CourierError LOCAL when it cannot be written to
   */
  static async open(settings: SpoolSettings): Promise<Spool> {
    const spool = new Spool(settings);
    try {
      await spool.#start();
      return spool;
    } catch (error) {
      await spool.close();
      throw asCourierError(error, `opening the spool ${settings.directory}`);
    }
  }

  async #start(): Promise<void> {
    const { directory, log, isDurable = true } = this.#settings;
    const commits = isDurable
      ? new GroupCommits((durationMs) => this.#countFsync(durationMs))
      : new DirectCommits(false);
    this.#commits = commits;
    const broken = join(directory, brokenDirectory);
    makeDirectories(directory);
    for (const name of shards) {
      const path = join(directory, name);
      this.#shards.set(name, await Shard.open(path, commits));
      for (const kept of takeInventory(path, broken, log)) this.#holdings.add(kept);
    }
    tidyBroken(broken, log);
    for (const host of this.#holdings.names()) await this.#tidy(host, this.#present());
  }

  #countFsync(durationMs: number): void {
    this.#lastFsyncMs = durationMs;
    this.#fsyncs += 1;
    this.#fsyncMs += durationMs;
  }

  /**
   * Resolves when the output would survive a power cut; at every moment before, readers get what
   * was there.
   *
   * @param maxSkewMs how much later than now output may have been produced
   * @returns what is there already and was produced later: then the output is not kept
   * @throws CourierError LOCAL when the spool or the disk is full or fails, nothing is lost then;
   * STALE when it is from the future
   */
  put(output: NewOutput, maxSkewMs?: number): Promise<Produced | undefined> {
    const doing = `putting the output of ${output.host} into ${this.#settings.directory}`;
    const present = this.#present(maxSkewMs);
    return this.#inTurn(output.host, doing, () => this.#store(output, present));
  }

  #present(maxSkewMs?: number): Present {
    return new Present(this.#settings.clock.now(), maxSkewMs);
  }

  /**
   * Removes all there is of a host; fine when there is nothing. A power cut soon after it may bring
   * it back: nothing that is removed was promised to be gone, and a disk asked to say so for each
   * host takes longer than all else.
   *
   * @param lastProducedAt what another process has put since, and was produced later, stays
   * @throws CourierError LOCAL
   */
  remove(host: HostName, lastProducedAt?: Date): Promise<void> {
    const doing = `removing the output of ${host} from ${this.#settings.directory}`;
    return this.#inTurn(host, doing, async () => {
      const shard = this.#shardOf(host);
      const names = namesOf(host, await readDirectory(shard.path));
      await shard.remove(names.filter((name) => !isProducedAfter(name, lastProducedAt)));
      this.#holdings.drop(host);
    });
  }

  /** The newest output of a host that this writer knows of. */
  newest(host: HostName, maxSkewMs?: number): SpoolSummary | undefined {
    return this.#holdings.newest(host, this.#present(maxSkewMs))?.summary;
  }

  /** The newest output of each host. */
  summaries(maxSkewMs?: number): readonly SpoolSummary[] {
    return this.#holdings.summaries(this.#present(maxSkewMs));
  }

  get statistics(): SpoolStatistics {
    const { hosts, bytes } = this.#holdings;
    const [lastFsyncMs, fsyncs, fsyncMs] = [this.#lastFsyncMs, this.#fsyncs, this.#fsyncMs];
    return { hosts, bytes, lastFsyncMs, fsyncs, fsyncMs };
  }

  /** Takes nothing more and ends what runs. May be called twice; never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await Promise.allSettled(this.#turns.values());
    await this.#commits?.close();
    for (const shard of this.#shards.values()) await shard.close();
  }

  async #store(output: NewOutput, present: Present): Promise<Produced | undefined> {
    const { host, producedAt } = output;
    present.require(output);
    const newest = this.#holdings.newest(host, present);
    if (newest !== undefined && producedAt < newest.summary.producedAt) return newest.summary;
    const header = makeHeader(output);
    const file = toKept(output, header, nextVersion(producedAt, newest?.version));
    const { name, fileBytes } = file;
    this.#holdings.reserve(host, fileBytes);
    try {
      const superseded = this.#holdings.findSuperseded(host, present, file);
      const names = superseded.map((older) => older.name);
      const leftover = await this.#shardOf(host).store(name, [header, output.output], names);
      this.#holdings.add(file);
      this.#holdings.forget(host, superseded);
      if (leftover !== undefined) this.#tellLeftover(host, leftover);
    } finally {
      this.#holdings.release(host, fileBytes);
    }
    return undefined;
  }

  /** Removes what a writer before left behind. */
  async #tidy(host: HostName, present: Present): Promise<void> {
    const superseded = this.#holdings.findSuperseded(host, present);
    if (superseded.length === 0) return;
    this.#holdings.forget(host, superseded);
    const names = superseded.map(({ name }) => name);
    await this.#shardOf(host)
      .remove(names)
      .catch((error: unknown) => this.#tellLeftover(host, error));
  }

  /** The output is safe whether or not an older one can be removed now; the next open tries again. */
  #tellLeftover(host: HostName, error: unknown): void {
    const { code, message } = asCourierError(error, `removing older output of ${host}`);
    this.#settings.log.warn({ host, code }, message);
  }

  async #inTurn<Result>(
    host: HostName,
    doing: string,
    work: () => Promise<Result>,
  ): Promise<Result> {
    if (this.#closed !== undefined) throw new CourierError('INTERNAL', `${doing}: it is closed`);
    const turn = (this.#turns.get(host) ?? Promise.resolve()).then(work);
    const ended = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(host, ended);
    try {
      return await turn;
    } catch (error) {
      throw asCourierError(error, doing);
    } finally {
      if (this.#turns.get(host) === ended) this.#turns.delete(host);
    }
  }

  #shardOf(host: HostName): Shard {
    const shard = this.#shards.get(shardOf(host));
    if (shard === undefined) throw new CourierError('INTERNAL', 'the spool is not open');
    return shard;
  }
}

function toKept(output: NewOutput, header: Buffer, version: number): Kept {
  const { host, producedAt, receivedAt } = output;
  const origin = cleanOrigin(output.origin);
  const bytes = output.output.length;
  return {
    summary: { host, bytes, producedAt, receivedAt, origin },
    name: makeFileName(host, version),
    version,
    fileBytes: header.length + bytes,
  };
}
