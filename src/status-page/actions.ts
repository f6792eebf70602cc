/** What may be asked for beyond looking: only by who has logged in, of known hosts, and not often. */

import type { Clock } from '../clock.ts';
import type { Logger } from '../logging/log.ts';
import { isHostName } from '../names/host-name.ts';
import { RateLimit } from '../receiver/limits.ts';
import type { DoctorRuns } from './doctor-runs.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { Notice } from './web/notices.ts';
import { PageRefusal } from './web/refusal.ts';

/** A minute: of one user, and of one host. */
const ofUser = 30;
const ofHost = 4;

interface Settings {
  readonly isAllowed: boolean;
  readonly fleet: Fleet;
  readonly doctor: DoctorRuns;
}

export class PageActions {
  readonly #settings: Settings;
  readonly #log: Logger;
  readonly #ofUser: RateLimit;
  readonly #ofHost: RateLimit;

  constructor(settings: Settings, clock: Clock, log: Logger) {
    this.#settings = settings;
    this.#log = log;
    this.#ofUser = new RateLimit(ofUser, clock);
    this.#ofHost = new RateLimit(ofHost, clock);
  }

  /**
   * @returns what has begun
   * @throws PageRefusal 403 without `--status-actions`, 404 for a host nobody knows, 409 while one
   * runs and for a host that another member of a pool asks, 429, 503
   */
  async run(action: string, host: string, user: string): Promise<Notice> {
    const { isAllowed, fleet } = this.#settings;
    if (!isAllowed) {
      throw new PageRefusal(403, 'this page only shows; --status-actions lets it act as well');
    }
    await fleet.look();
    refuseOften(this.#ofUser.take(user));
    if (!isHostName(host)) throw noSuchHost();
    const isKnown = fleet.find(host) !== undefined;
    const why = action === 'fetch' || !isKnown ? await fleet.whyLeft(host) : undefined;
    if (why !== undefined) throw new PageRefusal(409, why);
    if (!isKnown) throw noSuchHost();
    refuseOften(this.#ofHost.take(host));
    const fields = { host, user };
    if (action === 'doctor') {
      if (!this.#settings.doctor.start(host, user)) {
        throw new PageRefusal(409, 'the doctor is busy; wait for its report');
      }
      this.#log.info(fields, 'the doctor was asked for on the status page');
      return 'doctor-asked';
    }
    if (!(await fleet.fetchNow(host))) {
      throw new PageRefusal(409, 'nothing here fetches this host; it sends by itself');
    }
    this.#log.info(fields, 'a fetch was asked for on the status page');
    return 'fetch-asked';
  }
}

function refuseOften(waitS: number | undefined): void {
  if (waitS === undefined) return;
  throw new PageRefusal(429, `asked for too often; wait ${waitS} seconds`);
}

function noSuchHost(): PageRefusal {
  return new PageRefusal(404, 'there is no such host');
}
