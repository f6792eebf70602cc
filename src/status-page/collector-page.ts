/** The status page as a guest of the collector, and the collector's side of a page elsewhere. */

import type { CommandContext } from '../cli/command.ts';
import type { Collector } from '../collector/collector.ts';
import type { Outlet } from '../collector/outlets.ts';
import type { CollectorSettings } from '../collector/settings.ts';
import { GoneHosts } from './feeds/gone-hosts.ts';
import { LateOutlet } from './feeds/late-outlet.ts';
import type { History } from './history/history.ts';
import type { PageSettings } from './options.ts';
import { historyPath, type LoadedFeed, Presence } from './presence.ts';

type Places = Pick<CollectorSettings, 'routesPath' | 'spoolDirectory'>;

export class CollectorPage {
  readonly #settings: PageSettings;
  readonly #places: Places;
  readonly #context: CommandContext;
  readonly #gone = new GoneHosts();
  readonly #cycles = new LateOutlet('history');
  #presence: Presence | undefined;

  constructor(settings: PageSettings, places: Places, context: CommandContext) {
    this.#settings = settings;
    this.#places = places;
    this.#context = context;
  }

  /** What hangs on the collector, so that there is something to show. */
  get outlets(): readonly Outlet[] {
    return [this.#gone, this.#cycles];
  }

  /** Returns at once. */
  start(collector: Collector): void {
    const doctorOptions = [`--routes=${this.#places.routesPath}`];
    const load = () => this.#load(collector);
    this.#presence = new Presence(this.#settings, load, this.#context, doctorOptions);
    this.#presence.start();
  }

  /** Never rejects. */
  async stop(): Promise<void> {
    await this.#presence?.stop();
  }

  async #load(collector: Collector): Promise<LoadedFeed> {
    const { CollectorFeed } = await import('./feeds/collector-feed.ts');
    const { collectorFigures } = await import('./feeds/collector-panel.ts');
    const { Figures } = await import('./feeds/figures.ts');
    const { Remembered } = await import('./feeds/remembered.ts');
    const { SpooledParts } = await import('./feeds/spooled-parts.ts');
    const { clock, log } = this.#context;
    const history = await this.#readHistory();
    const figures = new Figures(() => collector.toMetrics(), collectorFigures, clock);
    const remembered = new Remembered(history, clock);
    const parts = new SpooledParts(this.#places.spoolDirectory, clock, log);
    const around = { parts, remembered, figures, gone: this.#gone };
    const feed = new CollectorFeed(collector, around, clock);
    return { feed, remember: (signal) => remembered.run(figures, signal) };
  }

  /** What is remembered, and from now on goes on. */
  async #readHistory(): Promise<History | undefined> {
    const { directory } = this.#settings;
    if (directory === undefined) return undefined;
    const { clock, log } = this.#context;
    const { History } = await import('./history/history.ts');
    const { HistoryOutlet } = await import('./history/history-outlet.ts');
    const history = await History.load(historyPath(directory, 'collector'), log);
    this.#cycles.target = new HistoryOutlet(history.hosts, clock);
    return history;
  }
}
