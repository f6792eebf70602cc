/** The status page as a guest of the collector, and the collector's side of a page elsewhere. */

import { join } from 'node:path';
import type { CommandContext } from '../cli/command.ts';
import type { Collector } from '../collector/collector.ts';
import type { Outlet } from '../collector/outlets.ts';
import type { CollectorSettings } from '../collector/settings.ts';
import { GoneHosts } from './feeds/gone-hosts.ts';
import type { History } from './history/history.ts';
import type { PageSettings } from './options.ts';
import { type LoadedFeed, Presence } from './presence.ts';

type Places = Pick<CollectorSettings, 'routesPath' | 'spoolDirectory'>;

export class CollectorPage {
  readonly #settings: PageSettings;
  readonly #places: Places;
  readonly #context: CommandContext;
  readonly #gone = new GoneHosts();
  readonly #history: History | undefined;
  readonly #outlets: readonly Outlet[];
  #presence: Presence | undefined;

  private constructor(
    settings: PageSettings,
    places: Places,
    context: CommandContext,
    remembered: Awaited<ReturnType<typeof remember>>,
  ) {
    this.#settings = settings;
    this.#places = places;
    this.#context = context;
    this.#history = remembered?.history;
    this.#outlets = remembered === undefined ? [] : [remembered.outlet];
  }

  /** Reads what is remembered. Never rejects. */
  static async prepare(
    settings: PageSettings,
    places: Places,
    context: CommandContext,
  ): Promise<CollectorPage> {
    return new CollectorPage(settings, places, context, await remember(settings, context));
  }

  /** What hangs on the collector, so that there is something to show. */
  get outlets(): readonly Outlet[] {
    return [this.#gone, ...this.#outlets];
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
    const figures = new Figures(() => collector.toMetrics(), collectorFigures, clock);
    const remembered = new Remembered(this.#history, clock);
    const parts = new SpooledParts(this.#places.spoolDirectory, clock, log);
    const around = { parts, remembered, figures, gone: this.#gone };
    const feed = new CollectorFeed(collector, around, clock);
    return { feed, remember: (signal) => remembered.run(figures, signal) };
  }
}

/** Undefined where no page is served that could show it. */
async function remember({ at, directory }: PageSettings, { clock, log }: CommandContext) {
  if (at === undefined || directory === undefined) return undefined;
  const { History } = await import('./history/history.ts');
  const { HistoryOutlet } = await import('./history/history-outlet.ts');
  const history = await History.load(join(directory, 'history-collector'), log);
  return { history, outlet: new HistoryOutlet(history.hosts, clock) };
}
