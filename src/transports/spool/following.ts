/**
 * Follows a spool. The system tells what appears in its directories; since it tells nothing of what
 * other machines do, and not all while it has much to tell, their names are read now and then as well.
 * Faults that relays tell come by what the system tells alone: they are told again each interval.
 */

import { join } from 'node:path';
import { setImmediate as afterOthers } from 'node:timers/promises';
import type { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { fileSystemStatus, pathStatus, readDirectory } from '../../files/file-calls.ts';
import type { HostName } from '../../names/host-name.ts';
import { parseFileName, shards } from '../../spool/names.ts';
import { lookInto } from '../../system/file-lanes.ts';
import type { GrowingPause } from '../../system/growing-pause.ts';
import { onAbort } from '../../system/on-abort.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { HandOver } from '../hand-over.ts';
import { keepFollowing } from '../keep-following.ts';
import type { Target } from '../source.ts';
import type { Delivery, OpenContext, Subscriber } from '../transport.ts';
import { fetchSpooled } from './spooled.ts';
import { ToldFaults } from './told-faults.ts';
import { isShared, Watches } from './watches.ts';

export interface FollowedSpool {
  readonly directory: string;
  /** How many outputs may be not yet taken. */
  readonly concurrency: number;
}

/** The pause before names are read again: the first after some of which nobody told, then longer. */
const rereadMs = { first: 1000, longest: 15_000 };
/** Reading names takes at most one part of so many of the time. */
const pausesPerRead = 20;
/** A file system that takes longer is away. */
const longestReadMs = 30_000;
/** Names that are looked at without a pause for others. */
const namesAtOnce = 1000;
/** In the place of a name: what a relay has told, not a file of the spool. */
const toldItem = '';

export class SpoolFollower {
  readonly #followed: FollowedSpool;
  readonly #subscriber: Subscriber;
  readonly #context: OpenContext;
  readonly #signal: AbortSignal;
  readonly #handOver: HandOver<string>;
  readonly #watches: Watches;
  /** The name of the file that was offered last of each host. */
  readonly #offered = new Map<HostName, string>();
  /** What has appeared and is not offered yet: the newest of each host. */
  readonly #appeared = new Map<HostName, string>();
  readonly #faults: ToldFaults;
  #isToRead = true;
  #isFollowing = false;
  #isAllWatched = false;
  /** Whether it was told that the system does not watch. */
  #isBlind = false;
  /** Ends the pause that is under way. */
  #waking = new AbortController();

  constructor(
    followed: FollowedSpool,
    subscriber: Subscriber,
    context: OpenContext,
    signal: AbortSignal,
  ) {
    this.#followed = followed;
    this.#subscriber = subscriber;
    this.#context = context;
    this.#signal = signal;
    const toArrival = (name: string, target: Target) => this.#toArrival(name, target);
    const { concurrency } = followed;
    this.#handOver = new HandOver({ subscriber, concurrency, toArrival }, signal);
    this.#watches = new Watches((directory, name) => this.#heard(directory, name));
    this.#faults = new ToldFaults(followed.directory, subscriber);
  }

  /** Resolves when the signal has aborted. */
  async run(): Promise<void> {
    const leave = onAbort(this.#signal, () => this.#waking.abort());
    try {
      await keepFollowing(
        {
          subscriber: this.#subscriber,
          context: this.#context,
          follow: (pause) => this.#follow(pause),
          toFault: (thrown) =>
            asCourierError(thrown, `following the spool ${this.#followed.directory}`),
        },
        this.#signal,
      );
    } finally {
      leave();
      this.#watches.close();
    }
  }

  /** Rejects when the directory cannot be read. */
  async #follow(pause: GrowingPause): Promise<void> {
    const { clock } = this.#context;
    let pauseMs = rereadMs.first;
    let readAtMs = 0;
    this.#isFollowing = false;
    this.#isToRead = true;
    while (!this.#signal.aborted) {
      if (this.#isToRead || clock.monotonic() >= readAtMs) {
        this.#isToRead = false;
        const startedMs = clock.monotonic();
        const missed = await this.#read();
        const tookMs = clock.monotonic() - startedMs;
        pauseMs = missed ? rereadMs.first : Math.min(pauseMs * 2, rereadMs.longest);
        readAtMs = clock.monotonic() + Math.max(pauseMs, tookMs * pausesPerRead);
      }
      await this.#offerAppeared();
      if (!this.#isFollowing) await this.#tellFollowing(pause);
      await this.#sleep(readAtMs - clock.monotonic());
    }
  }

  async #tellFollowing(pause: GrowingPause): Promise<void> {
    await this.#handOver.settled();
    if (this.#signal.aborted) return;
    pause.reset();
    this.#isFollowing = true;
    this.#subscriber.tell('following');
  }

  async #sleep(delayMs: number): Promise<void> {
    const isAwaited = this.#appeared.size > 0 || this.#faults.areTold || this.#isToRead;
    if (isAwaited || delayMs <= 0) return;
    this.#waking = new AbortController();
    if (this.#signal.aborted) return;
    await this.#context.clock.sleep(delayMs, this.#waking.signal).catch(() => undefined);
  }

  #heard(directory: string, name: string | undefined): void {
    const isShard = directory !== this.#followed.directory;
    if (this.#faults.isPlace(directory)) {
      const heard = this.#faults.heard(directory, name);
      if (heard === 'nothing') return;
      if (heard === 'place') this.#isToRead = true;
    } else if (isShard && name !== undefined) {
      if (!this.#note(name)) return;
    } else if (name === undefined || shards.includes(name) || this.#faults.isRoot(name)) {
      this.#isToRead = true;
    } else {
      return;
    }
    this.#waking.abort();
  }

  /** @returns whether it is newer output of a host that is wanted */
  #note(name: string): boolean {
    const host = parseFileName(name)?.host;
    if (host === undefined || !this.#subscriber.wanted.has(host)) return false;
    const known = this.#appeared.get(host) ?? this.#offered.get(host);
    if (known !== undefined && name <= known) return false;
    this.#appeared.set(host, name);
    return true;
  }

  async #offerAppeared(): Promise<void> {
    for (const host of [...this.#appeared.keys()]) {
      const [name, target] = [this.#appeared.get(host), this.#subscriber.wanted.get(host)];
      this.#appeared.delete(host);
      if (name === undefined || target === undefined) continue;
      if (this.#signal.aborted) return;
      this.#offered.set(host, name);
      await this.#handOver.offer(target, name);
    }
    for await (const target of this.#faults.take(this.#signal)) {
      await this.#handOver.offer(target, toldItem);
    }
  }

  async #toArrival(name: string, target: Target): Promise<Delivery | CourierError> {
    const { directory } = this.#followed;
    const fetch = () => fetchSpooled(directory, target, this.#context);
    try {
      return await lookInto(directory, this.#signal, fetch);
    } catch (thrown) {
      const fault = asCourierError(thrown, `reading the output of ${target.host} in ${directory}`);
      // It may be there the next time that names are read.
      const mayPass = !fault.isSecondHand && (fault.code === 'LOCAL' || fault.code === 'TIMEOUT');
      if (mayPass && this.#offered.get(target.host) === name) this.#offered.delete(target.host);
      return fault;
    }
  }

  /** Reads all names. @returns whether there were newer ones of which nobody had told */
  async #read(): Promise<boolean> {
    const { directory } = this.#followed;
    const tooSlow = `no names of ${directory}`;
    const limit = { clock: this.#context.clock, timeoutMs: longestReadMs, tooSlow };
    return withTimeLimit(limit, this.#signal, async (limited) => {
      this.#isAllWatched = true;
      await lookInto(directory, limited, () => this.#watch(directory));
      let missed = false;
      for (const shard of shards) {
        const path = join(directory, shard);
        const names = await lookInto(directory, limited, () => this.#namesIn(path));
        for (const name of await this.#newestOf(names)) {
          if (this.#note(name) && this.#isFollowing) missed = true;
        }
      }
      for (const path of this.#faults.places) {
        const isThere = await lookInto(directory, limited, () => this.#watchIfThere(path));
        if (!isThere && path === this.#faults.root) break;
      }
      for (const host of this.#offered.keys()) {
        if (!this.#subscriber.wanted.has(host)) this.#offered.delete(host);
      }
      if (this.#isAllWatched) this.#isBlind = false;
      return missed || !this.#isAllWatched;
    });
  }

  /** Of each host that is wanted. Where the newest is older than the one that was offered, that is gone. */
  async #newestOf(names: readonly string[]): Promise<Iterable<string>> {
    const newest = new Map<HostName, string>();
    for (const [index, name] of names.entries()) {
      if (index % namesAtOnce === namesAtOnce - 1) await afterOthers();
      const host = parseFileName(name)?.host;
      if (host === undefined || !this.#subscriber.wanted.has(host)) continue;
      const before = newest.get(host);
      if (before === undefined || name > before) newest.set(host, name);
    }
    for (const [host, name] of newest) {
      if (name < (this.#offered.get(host) ?? '')) this.#offered.delete(host);
    }
    return newest.values();
  }

  /** None where the directory is not there yet. */
  async #namesIn(path: string): Promise<readonly string[]> {
    try {
      await this.#watch(path);
      return await readDirectory(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      this.#watches.drop(path);
      return [];
    }
  }

  async #watchIfThere(path: string): Promise<boolean> {
    try {
      await this.#watch(path);
      return true;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      this.#watches.drop(path);
      return false;
    }
  }

  /** Before names are read, so that none is missed between. */
  async #watch(path: string): Promise<void> {
    const [{ dev, ino }, { type }] = await Promise.all([pathStatus(path), fileSystemStatus(path)]);
    if (this.#signal.aborted) return;
    try {
      if (isShared(type)) this.#isAllWatched = false;
      else this.#watches.add(path, `${dev} ${ino}`);
    } catch (error) {
      this.#isAllWatched = false;
      this.#tellBlind(error);
    }
  }

  #tellBlind(error: unknown): void {
    if (this.#isBlind) return;
    this.#isBlind = true;
    const { directory } = this.#followed;
    const limits = 'fs.inotify.max_user_watches and max_user_instances';
    const why = `the system does not watch ${directory} (${errorCode(error)}; see ${limits})`;
    this.#context.log.warn({}, `${why}: its names are read each second instead`);
  }
}
