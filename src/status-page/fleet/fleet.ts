/** What all parts know, asked for only while somebody looks, and never more often than is shown. */

import type { Clock } from '../../clock.ts';
import { cleanText } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { Logger } from '../../logging/log.ts';
import type { HostName } from '../../names/host-name.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { untilAborted } from '../../system/until-aborted.ts';
import type { Feed, PartHost } from '../feed.ts';
import type { FleetDocument, FleetQuery, HostRow, Panel, Part } from '../model.ts';
import { viewFleet } from './fleet-view.ts';
import { HostTable } from './host-table.ts';
import { Slices } from './slices.ts';

/** How long a part may take to answer about a host, or about itself. */
const answerMs = 2000;
/** How long all rows of a large fleet may take to come. */
const listMs = 20_000;
/** What is known is good for so long; a browser that comes meanwhile costs nothing. */
const freshMs = 1000;
/** When nobody has looked for so long, the memory is given back. */
const idleMs = 120_000;
/** What a first look waits for a part; what comes later shows by itself. */
const patienceMs = 800;

/** How far a part has been listened to. */
interface Heard {
  readonly feed: Feed;
  cursor: string | undefined;
  part: Part;
  wasThere: boolean;
  /** Whether it said how it is when it was asked last. */
  answers: boolean;
  /** Told in the log once for each trouble. */
  told: string | undefined;
}

export class Fleet {
  readonly #index = new HostTable();
  readonly #heard: readonly Heard[];
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #ended: AbortSignal;
  #refreshing: Promise<void> | undefined;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;
  #lookedAtMs: number;
  /** The longest time for which a refresh or view held up everything else. */
  longestSliceMs = 0;

  constructor(feeds: readonly Feed[], clock: Clock, log: Logger, ended: AbortSignal) {
    this.#clock = clock;
    this.#log = log;
    this.#ended = ended;
    this.#lookedAtMs = clock.monotonic();
    this.#heard = feeds.map((feed) => ({
      feed,
      cursor: undefined,
      part: { name: feed.name, state: 'absent', troubles: [] },
      wasThere: false,
      answers: true,
      told: undefined,
    }));
  }

  get parts(): readonly Part[] {
    return this.#heard.map(({ part }) => part);
  }

  /** Changes with all that may change a view of the fleet, but for time that passes. */
  get version(): number {
    return this.#index.version;
  }

  find(host: string): HostRow | undefined {
    return this.#index.find(host, this.#clock.now());
  }

  /** Resolves when what is known is fresh, or a part takes too long to wait for. Never rejects. */
  async look(): Promise<void> {
    const nowMs = this.#clock.monotonic();
    this.#lookedAtMs = nowMs;
    if (nowMs - this.#refreshedAtMs < freshMs) return;
    const refreshing = this.#startRefresh();
    const patience = this.#clock.sleep(patienceMs, this.#ended).catch(() => undefined);
    await Promise.race([refreshing, patience]);
  }

  /** Gives the memory back when nobody looks any more. */
  tidy(): void {
    if (this.#clock.monotonic() - this.#lookedAtMs < idleMs || this.#refreshing !== undefined)
      return;
    if (this.#index.size === 0) return;
    this.#index.clear();
    for (const heard of this.#heard) heard.cursor = undefined;
    this.#refreshedAtMs = Number.NEGATIVE_INFINITY;
  }

  async view(query: FleetQuery): Promise<FleetDocument> {
    const slices = new Slices(this.#clock);
    const around = { nowMs: this.#clock.now(), parts: this.parts, slices };
    const document = await viewFleet(this.#index, query, around);
    this.#noteSlices(slices);
    return document;
  }

  /** What each part knows of a host; one that does not answer in time is left out. */
  async ask(host: HostName): Promise<readonly PartHost[]> {
    const asked = this.#answering.map(({ feed }) =>
      this.#within(answerMs, feed, (signal) => feed.host(host, signal)),
    );
    return (await Promise.all(asked)).filter((one) => one !== undefined);
  }

  async panels(): Promise<readonly Panel[]> {
    const asked = this.#answering.map(({ feed }) =>
      this.#within(answerMs, feed, (signal) => feed.panels(signal)),
    );
    return (await Promise.all(asked)).flatMap((panels) => panels ?? []);
  }

  /** Why a host is left to another program, in the words of the part that knows it. */
  async whyLeft(host: HostName): Promise<string | undefined> {
    for (const { feed } of this.#heard) {
      const ask = feed.whyLeft?.bind(feed);
      const why = ask && (await this.#within(answerMs, feed, (signal) => ask(host, signal)));
      if (why !== undefined) return cleanText(why, 300);
    }
    return undefined;
  }

  /** @returns whether a part will ask the host now */
  async fetchNow(host: HostName): Promise<boolean> {
    for (const { feed } of this.#heard) {
      if (feed.fetchNow === undefined) continue;
      const ask = feed.fetchNow.bind(feed);
      if (await this.#within(answerMs, feed, (signal) => ask(host, signal))) return true;
    }
    return false;
  }

  /** Those that answered when they were asked last: nobody waits for others again and again. */
  get #answering(): readonly Heard[] {
    return this.#heard.filter(({ answers }) => answers);
  }

  #startRefresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
      this.#refreshedAtMs = this.#clock.monotonic();
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    await Promise.all(this.#heard.map((heard) => this.#hear(heard)));
  }

  /** Never rejects. */
  async #hear(heard: Heard): Promise<void> {
    const { feed } = heard;
    let answers = false;
    try {
      heard.part = await this.#limit(answerMs, feed, (signal) => feed.part(signal));
      answers = true;
      if (heard.part.state === 'absent') {
        if (heard.wasThere) this.#ail(heard, `the ${feed.name} does not run any more`);
        return;
      }
      heard.wasThere = true;
      await this.#limit(listMs, feed, (signal) => this.#list(heard, signal));
      heard.told = undefined;
    } catch (thrown) {
      this.#ail(heard, asCourierError(thrown, `asking the ${feed.name}`).message);
    } finally {
      heard.answers = answers;
    }
  }

  async #list(heard: Heard, signal: AbortSignal): Promise<void> {
    const slices = new Slices(this.#clock);
    let whole: Set<string> | undefined;
    for await (const { rows, cursor, isWhole } of heard.feed.list(heard.cursor, signal)) {
      signal.throwIfAborted();
      if (isWhole) whole = new Set();
      for (const row of rows) {
        if (slices.isOver()) await slices.rest();
        this.#index.put(heard.feed.name, row);
        whole?.add(row.host);
      }
      heard.cursor = cursor;
    }
    if (whole !== undefined) this.#index.keepOnly(heard.feed.name, (host) => whole.has(host));
    this.#noteSlices(slices);
  }

  #ail(heard: Heard, message: string): void {
    if (heard.told !== message)
      this.#log.warn({ part: heard.feed.name }, `status page: ${message}`);
    heard.told = message;
    heard.part = { ...heard.part, state: 'ailing', troubles: [message] };
    // What was missed is asked for anew.
    heard.cursor = undefined;
  }

  /** Undefined when it fails, which the next refresh shows. */
  async #within<Result>(
    timeoutMs: number,
    feed: Feed,
    ask: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result | undefined> {
    try {
      return await this.#limit(timeoutMs, feed, ask);
    } catch (thrown) {
      const { code, message } = asCourierError(thrown, `asking the ${feed.name}`);
      this.#log.debug({ part: feed.name, code }, message);
      return undefined;
    }
  }

  #limit<Result>(
    timeoutMs: number,
    feed: Feed,
    ask: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const limit = { clock: this.#clock, timeoutMs, tooSlow: `no answer from the ${feed.name}` };
    return withTimeLimit(limit, this.#ended, (signal) =>
      untilAborted((async () => ask(signal))(), signal),
    );
  }

  #noteSlices({ longestMs }: Slices): void {
    this.longestSliceMs = Math.max(this.longestSliceMs, longestMs);
  }
}
