/**
 * What a process does for the status page: it serves the page where it is told to, tells a page in
 * another process what it knows, and remembers a day where there is a page or a place for one.
 */

import { join } from 'node:path';
import type { CommandContext } from '../cli/command.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { makeDirectory } from '../files/file-calls.ts';
import { makeOwnDirectory } from '../system/private-directory.ts';
import type { Feed } from './feed.ts';
import { FeedServer } from './feeds/feed-server.ts';
import { RemoteFeed } from './feeds/remote-feed.ts';
import type { PartName } from './model.ts';
import type { PageSettings } from './options.ts';
import { StatusPage } from './status-page.ts';

/** Parts that have a process of their own; updates are a part of the receiver. */
const processes = ['collector', 'receiver'] as const satisfies readonly PartName[];

export class Presence {
  readonly #settings: PageSettings;
  readonly #feed: Feed;
  readonly #context: CommandContext;
  readonly #doctorOptions: readonly string[];
  readonly #ended = new AbortController();
  #page: StatusPage | undefined;
  #working: Promise<unknown> = Promise.resolve();

  constructor(
    settings: PageSettings,
    feed: Feed,
    context: CommandContext,
    doctorOptions: readonly string[],
  ) {
    this.#settings = settings;
    this.#feed = feed;
    this.#context = context;
    this.#doctorOptions = doctorOptions;
  }

  /**
   * Returns at once; what goes wrong is in the log.
   *
   * @param remember notes what is to be remembered until the signal aborts
   */
  start(remember: (signal: AbortSignal) => Promise<void>): void {
    this.#working = Promise.all([this.#serveFeed(), this.#serve(remember)]);
  }

  /** Never rejects; may be called twice. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#page?.stop();
    await this.#working;
  }

  async #serve(remember: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { at, directory, sockets } = this.#settings;
    const { log, clock, env } = this.#context;
    if (at === undefined) return;
    if (directory === undefined) {
      return log.warn(
        {},
        'no status page: --status-state is missing; OMD_ROOT and HOME are not set',
      );
    }
    const others = processes.filter((name) => name !== this.#feed.name);
    const remote = others.flatMap((name) =>
      sockets === undefined ? [] : new RemoteFeed(name, socketOf(sockets, name), clock),
    );
    const around = { env, clock, log, doctorOptions: this.#doctorOptions, loadPages };
    this.#page = new StatusPage(
      { ...this.#settings, at, directory },
      [this.#feed, ...remote],
      around,
    );
    this.#page.start();
    if (await this.#prepare(directory)) await remember(this.#ended.signal);
  }

  async #prepare(directory: string): Promise<boolean> {
    try {
      await makeOwnDirectory(directory, 'what the status page remembers');
      return true;
    } catch (thrown) {
      const { code, message } = asCourierError(thrown, 'making room for the status page');
      this.#context.log.warn({ code }, `the status page remembers nothing: ${message}`);
      return false;
    }
  }

  /** So that a page in another process finds this one. */
  async #serveFeed(): Promise<void> {
    const { sockets, part } = this.#settings;
    if (sockets === undefined) return;
    const { clock, log } = this.#context;
    await makeDirectory(sockets, { recursive: true, mode: 0o700 }).catch(() => undefined);
    const server = new FeedServer(this.#feed, socketOf(sockets, part), clock, log);
    await server.run(this.#ended.signal);
  }
}

function socketOf(directory: string, part: PartName): string {
  return join(directory, `${part}-page.sock`);
}

async function loadPages() {
  const { pages } = await import('./page/pages.ts');
  return pages;
}
