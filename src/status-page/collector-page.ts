/** The status page as a guest of the collector, and the collector's side of a page elsewhere. */

import { join } from 'node:path';
import type { CommandContext } from '../cli/command.ts';
import type { Collector } from '../collector/collector.ts';
import type { Outlet } from '../collector/outlets.ts';
import type { CollectorSettings } from '../collector/settings.ts';
import { CollectorFeed, GoneHosts } from './feeds/collector-feed.ts';
import { collectorFigures } from './feeds/collector-panel.ts';
import { Figures } from './feeds/figures.ts';
import { Remembered } from './feeds/remembered.ts';
import { SpooledParts } from './feeds/spooled-parts.ts';
import { History } from './history/history.ts';
import { HistoryOutlet } from './history/history-outlet.ts';
import type { PageSettings } from './options.ts';
import { Presence } from './presence.ts';

type Places = Pick<CollectorSettings, 'routesPath' | 'spoolDirectory'>;

export class CollectorPage {
  readonly #settings: PageSettings;
  readonly #places: Places;
  readonly #context: CommandContext;
  readonly #gone = new GoneHosts();
  readonly #history: History | undefined;
  #presence: Presence | undefined;

  private constructor(
    settings: PageSettings,
    places: Places,
    context: CommandContext,
    history: History | undefined,
  ) {
    this.#settings = settings;
    this.#places = places;
    this.#context = context;
    this.#history = history;
  }

  /** Reads what is remembered. Never rejects. */
  static async prepare(
    settings: PageSettings,
    places: Places,
    context: CommandContext,
  ): Promise<CollectorPage> {
    const { at, directory } = settings;
    const isRemembered = at !== undefined && directory !== undefined;
    const history = isRemembered
      ? await History.load(join(directory, 'history-collector'), context.log)
      : undefined;
    return new CollectorPage(settings, places, context, history);
  }

  /** What hangs on the collector, so that there is something to show. */
  get outlets(): readonly Outlet[] {
    if (this.#history === undefined) return [this.#gone];
    return [this.#gone, new HistoryOutlet(this.#history.hosts, this.#context.clock)];
  }

  /** Returns at once. */
  start(collector: Collector): void {
    const { clock, log } = this.#context;
    const { spoolDirectory, routesPath } = this.#places;
    const figures = new Figures(() => collector.toMetrics(), collectorFigures, clock);
    const remembered = new Remembered(this.#history, clock);
    const parts = new SpooledParts(spoolDirectory, clock, log);
    const feed = new CollectorFeed(
      collector,
      { parts, remembered, figures, gone: this.#gone },
      clock,
    );
    const doctorOptions = [`--routes=${routesPath}`];
    this.#presence = new Presence(this.#settings, feed, this.#context, doctorOptions);
    this.#presence.start((signal) => remembered.run(figures, signal));
  }

  /** Never rejects. */
  async stop(): Promise<void> {
    await this.#presence?.stop();
  }
}
