/** Connections to a receiver whose certificate, token or authorities may be replaced while we run. */

import type { Clock } from '../clock.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { pathStatus } from '../files/file-calls.ts';
import { fileVersion } from '../files/file-version.ts';
import type { Logger } from '../logging/log.ts';
import { counted } from '../names/counted.ts';
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
  readonly version: string;
  running: number;
}

const dayMs = 86_400_000;
/** From then on the log warns once a day. */
const warnBelowDays = 30;
/** Files are not looked at more often. */
const lookMs = 300;

/**
 * Requests go over connections that were made with the files as they are now. New files that cannot
 * be used are told once, and those before them stay in use.
 */
export class RenewedConnections {
  readonly #settings: Settings;
  #opened: Opened;
  #toldDays: number | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  /** What was wrong when the files were looked at last, and whether it was told. */
  #wrong = { message: '', isTold: false };

  private constructor(settings: Settings, opened: Opened) {
    this.#settings = settings;
    this.#opened = opened;
  }

  /** @throws CourierError about a file */
  static async open(settings: Settings): Promise<RenewedConnections> {
    return new RenewedConnections(settings, await open(settings, await versionOf(settings.files)));
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
    const { clock, files, log } = this.#settings;
    if (clock.monotonic() - this.#lookedMs < lookMs) return;
    this.#lookedMs = clock.monotonic();
    this.#tellEnd();
    const version = await versionOf(files);
    const before = this.#opened;
    if (version === before.version) return;
    try {
      this.#opened = await open(this.#settings, version);
      this.#wrong = { message: '', isTold: false };
      log.info({}, 'certificate, token or authorities for the receiver were read again');
      await this.#closeIdle(before);
    } catch (thrown) {
      const { code, message } = asCourierError(thrown, 'reading what the receiver knows us by');
      // Certificate and key cannot be replaced at one moment: what is wrong twice is wrong.
      const isKnown = this.#wrong.message === message;
      if (isKnown && !this.#wrong.isTold) {
        log.warn({ code }, `${message}; what was read before stays in use`);
      }
      this.#wrong = { message, isTold: isKnown };
    }
  }

  #tellEnd(): void {
    const { clock, log } = this.#settings;
    const { notAfter } = this.#opened;
    const days = Math.floor(
      ((notAfter?.getTime() ?? Number.POSITIVE_INFINITY) - clock.now()) / dayMs,
    );
    if (days >= warnBelowDays || days === this.#toldDays) return;
    this.#toldDays = days;
    const when = days < 0 ? 'has expired' : `expires in ${counted(days, 'day')}`;
    const remedy = 'on the site, `cmk-courier hosts certificate --renew` makes another';
    log.warn({}, `the certificate that the receiver knows us by ${when}; ${remedy}`);
  }

  async #closeIdle(opened: Opened): Promise<void> {
    if (opened !== this.#opened && opened.running === 0) await opened.connections.close();
  }
}

async function open(settings: Settings, version: string): Promise<Opened> {
  return { ...(await settings.open()), version, running: 0 };
}

/** Changes when any of the files does. */
async function versionOf(files: readonly string[]): Promise<string> {
  const versions = files.map(async (path) => {
    try {
      return fileVersion(await pathStatus(path));
    } catch (error) {
      return errorCode(error) ?? 'unknown';
    }
  });
  return (await Promise.all(versions)).join(', ');
}
