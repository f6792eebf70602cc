/** Connections to a receiver whose certificate, token or authorities may be replaced while we run. */

import { CertificateEnd } from '../certs/certificate-end.ts';
import type { Clock } from '../clock.ts';
import { FollowedFiles } from '../files/followed-files.ts';
import type { Logger } from '../logging/log.ts';
import type { Connections } from '../web/connections.ts';

interface Settings {
  /** Reads the files; nothing is connected yet. */
  readonly open: () => Promise<Read>;
  readonly files: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the files make. */
export interface Read {
  readonly connections: Connections;
  /** When our certificate ends; undefined where we have none. */
  readonly notAfter: Date | undefined;
}

/** What is open, and how many requests are under way in it. */
interface Opened extends Read {
  running: number;
}

/** Files are not looked at more often. */
const lookMs = 300;

/**
 * Requests go over connections that were made with the files as they are now. New files that cannot
 * be used are told once, and those before them stay in use.
 */
export class RenewedConnections {
  readonly #settings: Settings;
  readonly #followed: FollowedFiles;
  readonly #end: CertificateEnd;
  #opened: Opened;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  private constructor(settings: Settings, followed: FollowedFiles, opened: Opened) {
    this.#settings = settings;
    this.#followed = followed;
    this.#opened = opened;
    const { clock, log } = settings;
    const what = 'the certificate that the receiver knows us by';
    const remedy = 'on the site, `cmk-courier hosts certificate --renew` makes another';
    this.#end = new CertificateEnd({ what, remedy, clock, log });
  }

  /** @throws CourierError about a file */
  static async open(settings: Settings): Promise<RenewedConnections> {
    const followed = new FollowedFiles({
      files: settings.files,
      renewed: 'certificate, token or authorities for the receiver were read again',
      reading: 'reading what the receiver knows us by',
      clock: settings.clock,
      log: settings.log,
    });
    return new RenewedConnections(settings, followed, await followed.begin(() => open(settings)));
  }

  /** As {@link Connections.ask}. */
  async ask(...call: Parameters<Connections['ask']>): ReturnType<Connections['ask']> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
    const used = this.#opened;
    used.running += 1;
    try {
      return await used.connections.ask(...call);
    } finally {
      used.running -= 1;
      await this.#closeIdle(used);
    }
  }

  close(): Promise<void> {
    return this.#opened.connections.close();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { clock } = this.#settings;
    if (clock.monotonic() - this.#lookedMs < lookMs) return;
    this.#lookedMs = clock.monotonic();
    const before = this.#opened;
    if (before.notAfter !== undefined) this.#end.tell(before.notAfter);
    const opened = await this.#followed.renew(() => open(this.#settings));
    if (opened === undefined) return;
    this.#opened = opened;
    await this.#closeIdle(before);
  }

  async #closeIdle(opened: Opened): Promise<void> {
    if (opened !== this.#opened && opened.running === 0) await opened.connections.close();
  }
}

async function open(settings: Settings): Promise<Opened> {
  return { ...(await settings.open()), running: 0 };
}
