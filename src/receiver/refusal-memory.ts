/** Keeps the last refusal of each host on disk, and costs next to nothing when many are refused. */

import type { Clock } from '../clock.ts';
import { cleanText } from '../faults/errors.ts';
import { redactSecrets } from '../faults/redaction.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import { type HostName, isHostName } from '../names/host-name.ts';
import type { Exchange } from './exchange.ts';
import type { Refusal } from './refusal.ts';
import type { LastRefusal, LastRefusals } from './state/last-refusals.ts';

/** The same reason of the same host is not written again before. */
const quietMs = 60_000;
/** Hosts that have never sent anything nor are registered: at most so many are kept. */
const mostStrangers = 1000;
/** Refusals that wait to be written; further ones are in the log alone. */
const mostWaiting = 64;
/** Hosts whose last reason is remembered, so that it is not written each time. */
const mostRemembered = 20_000;
/** For so long nobody who was not let in hides what was refused to a sender that is known. */
const hidingMs = 3_600_000;

interface Settings {
  readonly records: LastRefusals;
  /** Whether a host is registered, or has sent output. */
  readonly isKnown: (host: HostName) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class RefusalMemory {
  readonly #settings: Settings;
  readonly #latest = new Map<string, { readonly reason: string; readonly atMs: number }>();
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isTold = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Takes down what was refused, if it is about a host; answers at once. */
  note({ note, params, address }: Exchange, { reason, status, message }: Refusal): void {
    const host = note.host ?? params['host'] ?? '';
    if (!isHostName(host) || reason === 'draining' || this.#waiting >= mostWaiting) return;
    const by = note.by ?? null;
    if (!this.#isNews(`${by ?? ''} ${host}`, reason)) return;
    const refusedAt = new Date(this.#settings.clock.now()).toISOString();
    const told = cleanText(redactSecrets(message), 280);
    const refused = { host, refusedAt, reason, status, message: told, by, address };
    this.#waiting += 1;
    this.#writing = this.#writing
      .then(() => this.#write(host, refused))
      .catch((error: unknown) => this.#complain(error))
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** Resolves when all that was taken down is written. Never rejects. */
  settle(): Promise<void> {
    return this.#writing;
  }

  #isNews(who: string, reason: string): boolean {
    const atMs = this.#settings.clock.monotonic();
    const before = this.#latest.get(who);
    if (before?.reason === reason && atMs - before.atMs < quietMs) return false;
    if (this.#latest.size >= mostRemembered) this.#latest.clear();
    this.#latest.set(who, { reason, atMs });
    return true;
  }

  async #write(host: HostName, refused: LastRefusal): Promise<void> {
    const { records, isKnown } = this.#settings;
    if (!(await isKnown(host))) {
      // Anybody can name a host; only who was let in may name one that nobody knows.
      if (refused.by === null || (await records.count()) >= mostStrangers) return;
    }
    await records.replace(host, (before) => (hides(refused, before) ? before : refused));
  }

  #complain(error: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const { code, message } = asCourierError(error, 'keeping what was refused');
    this.#settings.log.warn({ code }, `${message}; it is in the log alone`);
  }
}

/** Whether a stranger would take the place of what was refused to the host itself. */
function hides(
  { by, refusedAt }: LastRefusal,
  before: LastRefusal | undefined,
): before is LastRefusal {
  if (before === undefined || before.by === null || by !== null) return false;
  return Date.parse(refusedAt) - Date.parse(before.refusedAt) < hidingMs;
}
