/**
 * The status page, put together. Nothing of it can fail what it is a guest of: it starts in the
 * background, tells its troubles in the log, and ends when it is told to.
 */

import type { Environment } from '../cli/environment.ts';
import type { Clock } from '../clock.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import { findOwnProgram } from '../special-agents/own-program.ts';
import { Sessions } from './access/sessions.ts';
import { Gate } from './access/who.ts';
import { PageActions } from './actions.ts';
import { DoctorRuns } from './doctor-runs.ts';
import type { Feed } from './feed.ts';
import { Fleet } from './fleet/fleet.ts';
import { makeDocument, type View } from './fleet/views.ts';
import { Live } from './live.ts';
import type { PageAddress, PageSettings } from './options.ts';
import type { Pages } from './page-contract.ts';
import { Listener } from './web/listener.ts';
import { Site } from './web/site.ts';

export interface Surroundings {
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Logger;
  /** Options for the doctor, such as where the routes are. */
  readonly doctorOptions: readonly string[];
  readonly loadPages: () => Promise<Pages>;
}

/** Settings that have an address and a directory. */
export type ListeningPage = PageSettings & {
  readonly at: PageAddress;
  readonly directory: string;
};

const tidyMs = 30_000;

export class StatusPage {
  readonly #settings: ListeningPage;
  readonly #around: Surroundings;
  readonly #ended = new AbortController();
  readonly #fleet: Fleet;
  readonly #sessions: Sessions;
  readonly #doctor: DoctorRuns;
  readonly #live: Live;
  #running: Promise<void> | undefined;

  constructor(settings: ListeningPage, feeds: readonly Feed[], around: Surroundings) {
    const { clock, log, env, doctorOptions } = around;
    const { directory, part, sessionMs } = settings;
    this.#settings = settings;
    this.#around = around;
    this.#fleet = new Fleet(feeds, clock, log, this.#ended.signal);
    this.#sessions = new Sessions({ directory, part, lastsMs: sessionMs }, clock, log);
    const asked = { env, options: doctorOptions };
    this.#doctor = new DoctorRuns(findOwnProgram, asked, clock, this.#ended.signal);
    this.#live = new Live(this.#make, clock, log);
  }

  /** Returns at once; what goes wrong is in the log. */
  start(): void {
    this.#running = this.#run().catch((thrown: unknown) => {
      const { code, message } = asCourierError(thrown, 'starting the status page');
      this.#around.log.warn({ code }, `no status page: ${message}`);
    });
  }

  /** Never rejects; may be called twice. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  readonly #make = (view: View) => {
    const { clock } = this.#around;
    const { hasActions } = this.#settings;
    const actions = { fetch: hasActions, doctor: hasActions };
    return makeDocument(view, { fleet: this.#fleet, actions, doctorOf: this.#doctor.find, clock });
  };

  async #run(): Promise<void> {
    const { clock, log, loadPages } = this.#around;
    const { signal } = this.#ended;
    const pages = await loadPages();
    await this.#sessions.open();
    const gate = new Gate(this.#settings, this.#sessions, clock);
    const acting = {
      isAllowed: this.#settings.hasActions,
      fleet: this.#fleet,
      doctor: this.#doctor,
    };
    const site = new Site({
      ...{ page: this.#settings, gate, live: this.#live, pages, make: this.#make, log },
      actions: new PageActions(acting, clock, log),
      whyLeft: (host) => this.#fleet.whyLeft(host),
    });
    const listener = new Listener(this.#settings, site.handle, clock, log);
    await Promise.all([listener.run(signal), this.#live.run(signal), this.#tidy(signal)]);
  }

  async #tidy(signal: AbortSignal): Promise<void> {
    const { clock } = this.#around;
    while (!signal.aborted) {
      await clock.sleep(tidyMs, signal).catch(() => undefined);
      this.#fleet.tidy();
    }
  }
}
