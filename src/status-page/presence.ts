/**
 * What a process does for the status page: it serves the page where it is told to, tells a page in
 * another process what it knows, and remembers a day where there is a page or a place for one.
 */

import { join } from 'node:path';
import type { CommandContext } from '../cli/command.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { makeDirectory, pathStatus } from '../files/file-calls.ts';
import { makeOwnDirectory } from '../system/private-directory.ts';
import type { Feed } from './feed.ts';
import { FeedDoor } from './feeds/feed-door.ts';
import type { FeedServer } from './feeds/feed-server.ts';
import type { PartName } from './model.ts';
import type { PageSettings } from './options.ts';
import type { StatusPage } from './status-page.ts';

/** Parts that have a process of their own; updates are a part of the receiver. */
const processes = ['collector', 'receiver'] as const satisfies readonly PartName[];

const dayMs = 86_400_000;

/** What a process knows, and what keeps a day of it until the signal aborts. */
export interface LoadedFeed {
  readonly feed: Feed;
  readonly remember: (signal: AbortSignal) => Promise<void>;
}

/** Loads nothing of the page before somebody looks, unless the page is served here. */
export class Presence {
  readonly #settings: PageSettings;
  readonly #load: () => Promise<LoadedFeed>;
  readonly #context: CommandContext;
  readonly #doctorOptions: readonly string[];
  readonly #ended = new AbortController();
  #feed: Promise<LoadedFeed> | undefined;
  #server: Promise<FeedServer> | undefined;
  #page: StatusPage | undefined;
  #remembering: Promise<void> | undefined;
  #working: Promise<unknown> = Promise.resolve();

  constructor(
    settings: PageSettings,
    load: () => Promise<LoadedFeed>,
    context: CommandContext,
    doctorOptions: readonly string[],
  ) {
    this.#settings = settings;
    this.#load = load;
    this.#context = context;
    this.#doctorOptions = doctorOptions;
  }

  /** Returns at once; what goes wrong is in the log. */
  start(): void {
    const working = Promise.all([this.#serveFeed(), this.#serve()]);
    this.#working = working.catch((thrown: unknown) => {
      const { code, message } = asCourierError(thrown, 'starting the status page');
      this.#context.log.warn({ code }, `no status page: ${message}`);
    });
  }

  /** Never rejects; may be called twice. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#page?.stop();
    await this.#working;
    await this.#remembering;
  }

  async #serve(): Promise<void> {
    const { at, directory, sockets, part } = this.#settings;
    const { log, clock, env } = this.#context;
    if (at === undefined) return;
    if (directory === undefined) {
      return log.warn(
        {},
        'no status page: --status-state is missing; OMD_ROOT and HOME are not set',
      );
    }
    const { RemoteFeed } = await import('./feeds/remote-feed.ts');
    const { StatusPage } = await import('./status-page.ts');
    const { feed } = await this.#loaded();
    if (this.#ended.signal.aborted) return;
    const others = processes.filter((name) => name !== part);
    const remote = others.flatMap((name) =>
      sockets === undefined ? [] : new RemoteFeed(name, socketOf(sockets, name), clock),
    );
    const around = { env, clock, log, doctorOptions: this.#doctorOptions, loadPages };
    this.#page = new StatusPage({ ...this.#settings, at, directory }, [feed, ...remote], around);
    this.#page.start();
    this.#remember();
  }

  /** Once somebody looks, here or from elsewhere, as long as this process runs. */
  #remember(): void {
    this.#remembering ??= this.#rememberNow().catch((thrown: unknown) => {
      const { code, message } = asCourierError(thrown, 'making room for the status page');
      this.#context.log.warn({ code }, `the status page remembers nothing: ${message}`);
    });
  }

  async #rememberNow(): Promise<void> {
    const { directory } = this.#settings;
    if (directory === undefined) return;
    await makeOwnDirectory(directory, 'what the status page remembers');
    const { remember } = await this.#loaded();
    if (!this.#ended.signal.aborted) await remember(this.#ended.signal);
  }

  /** Whether somebody looked at the process before this one, of which a day is not over yet. */
  async #wasRemembered(): Promise<boolean> {
    const { directory, part } = this.#settings;
    if (directory === undefined) return false;
    const found = await pathStatus(historyPath(directory, part)).catch(() => undefined);
    return found !== undefined && this.#context.clock.now() - found.mtimeMs < dayMs;
  }

  /** So that a page in another process finds this one. */
  async #serveFeed(): Promise<void> {
    const { sockets, part } = this.#settings;
    if (sockets === undefined) return;
    const { clock, log } = this.#context;
    await makeDirectory(sockets, { recursive: true, mode: 0o700 }).catch(() => undefined);
    const path = socketOf(sockets, part);
    if (await this.#wasRemembered()) this.#remember();
    const door = new FeedDoor({ path, load: () => this.#answering(), clock, log });
    await door.run(this.#ended.signal);
  }

  #answering(): Promise<FeedServer> {
    this.#server ??= (async () => {
      const { FeedServer } = await import('./feeds/feed-server.ts');
      this.#remember();
      return new FeedServer((await this.#loaded()).feed);
    })();
    return this.#server;
  }

  #loaded(): Promise<LoadedFeed> {
    // What could not be loaded may be loaded for the next that asks.
    this.#feed ??= this.#load().catch((thrown: unknown) => {
      this.#feed = undefined;
      this.#server = undefined;
      throw thrown;
    });
    return this.#feed;
  }
}

/** Where the history of a process is. */
export function historyPath(directory: string, part: PartName): string {
  return join(directory, `history-${part}`);
}

function socketOf(directory: string, part: PartName): string {
  return join(directory, `${part}-page.sock`);
}

async function loadPages() {
  const { pages } = await import('./page/pages.ts');
  return pages;
}
