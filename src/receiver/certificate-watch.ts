/** Warns of certificates that will expire soon, before hosts notice. */

import { findUseWarnings } from '../certs/client-use.ts';
import { findExpiryWarnings } from '../certs/expiry.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logging/log.ts';
import type { Trust } from './trust.ts';

/** From then on the log warns once a day: early enough for people who look once a week. */
const warnBelowDays = 30;
/** From then on `/healthz` reports it: nobody has read the log, and it is urgent now. */
const troubleBelowDays = 3;
const dayMs = 86_400_000;

export class CertificateWatch {
  readonly #trust: Trust;
  readonly #clock: Clock;
  readonly #log: Logger;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(trust: Trust, clock: Clock, log: Logger) {
    this.#trust = trust;
    this.#clock = clock;
    this.#log = log;
  }

  /** Everything that is wrong with the certificates in use; for the start, and when they were read again. */
  tell(): void {
    this.#tellExpiry();
    for (const warning of findUseWarnings(this.#trust.store)) this.#log.warn({}, warning);
  }

  /** What expires, unless it was told within a day; to be called more often than that. */
  tellDaily(): void {
    if (this.#clock.monotonic() - this.#toldAt >= dayMs) this.#tellExpiry();
  }

  /** Why the certificates need a hand now; undefined when they do not. */
  findTrouble(): string | undefined {
    return this.#findExpiring(troubleBelowDays).join('; ') || undefined;
  }

  #tellExpiry(): void {
    this.#toldAt = this.#clock.monotonic();
    for (const warning of this.#findExpiring(warnBelowDays)) this.#log.warn({}, warning);
  }

  #findExpiring(belowDays: number): readonly string[] {
    const now = new Date(this.#clock.now());
    return findExpiryWarnings(this.#trust.store, { now, belowDays });
  }
}
