/**
 * Whether the centre answers. Once it has failed a few times in a row it is tried by one request
 * every few seconds, and all others fail at once: a host is better off with the next server of its
 * root, or with what is kept here, than behind requests that wait for a timeout.
 */

import type { Clock } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import type { Logger } from '../../logging/log.ts';

const mostFailures = 3;
const tryAgainMs = 5000;

export class Availability {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #log: Logger;
  readonly #centre: string;
  #failures = 0;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #lastAnswerMs: number | undefined;

  constructor(centre: string, { clock, log }: { clock: Clock; log: Logger }) {
    this.#centre = centre;
    this.#clock = clock;
    this.#log = log;
  }

  /** Milliseconds since the last answer; undefined before the first. */
  get silentMs(): number | undefined {
    return this.#lastAnswerMs && this.#clock.monotonic() - this.#lastAnswerMs;
  }

  /** @throws CourierError UNREACHABLE when it is not to be asked just now */
  require(): void {
    const nowMs = this.#clock.monotonic();
    if (this.#failures >= mostFailures && nowMs - this.#triedAtMs < tryAgainMs) {
      throw new CourierError('UNREACHABLE', `${this.#centre} did not answer a moment ago`);
    }
    this.#triedAtMs = nowMs;
  }

  answered(): void {
    this.#lastAnswerMs = this.#clock.monotonic();
    if (this.#failures > 0) {
      this.#log.info({ centre: this.#centre }, 'the centre of agent updates answers again');
    }
    this.#failures = 0;
  }

  /** One line when it begins. */
  failed(error: unknown): void {
    this.#failures += 1;
    if (this.#failures > 1) return;
    const why = error instanceof Error ? error.message : String(error);
    const what = 'hosts get what is kept for them until it expires';
    const text = `the centre of agent updates does not answer: ${why}; ${what}`;
    this.#log.warn({ centre: this.#centre }, text);
  }
}
