/** A receiver that is sent to, how it is, and when it may be tried again. */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../clock.ts';
import { CourierError, cleanText } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { type RelayAnswer, readAnswer } from '../relay/message.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import type { Connections } from '../web/connections.ts';
import { showWebPlace, type WebPlace } from '../web/place.ts';
import type { WebResponse } from '../web/response-reader.ts';
import { showStatus } from '../web/statuses.ts';

const pack = promisify(gzip);

/** For one request with its answer; the receiver gives it a minute. */
const requestMs = 60_000;
/** The wait after a fault, doubled with each further one. */
const shortestWaitMs = 1000;
const longestWaitMs = 30_000;
/** Where nobody answers, trying costs little, and what waits goes out soon after the return. */
const longestSilentWaitMs = 10_000;
/** Credentials that are not accepted become good by what a person does. */
const refusedWaitMs = 15_000;
/** What a receiver may ask for. */
const longestRetryAfterMs = 300_000;

/** A message that the receiver has not taken, as it said with a status. */
export class NotTaken extends CourierError {
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status: number, retryAfterMs: number | undefined) {
    super([401, 403].includes(status) ? 'REFUSED' : 'PEER', message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

interface Settings {
  readonly base: WebPlace;
  readonly connections: Pick<Connections, 'ask' | 'close'>;
  readonly clock: Clock;
  /** A number from 0 to 1, which spreads relays that lost the same receiver. */
  chance(): number;
}

export class Receiver {
  readonly #settings: Settings;
  readonly #place: WebPlace;
  #fault: CourierError | undefined;
  #failures = 0;
  #tryAtMs = 0;
  #lastContactAt: Date | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    const { url } = settings.base;
    const path = `${url.pathname.replace(/\/+$/, '')}/v1/relay`;
    this.#place = { url: new URL(path, url), socketPath: undefined };
  }

  /** For people. */
  get shown(): string {
    return showWebPlace(this.#settings.base).replace(/\/$/, '');
  }

  /** Why it could not be reached last; undefined while it is well, and before it was tried. */
  get fault(): CourierError | undefined {
    return this.#fault;
  }

  /** When it answered last. */
  get lastContactAt(): Date | undefined {
    return this.#lastContactAt;
  }

  /** When it may be tried, by the monotonic clock. */
  get tryAtMs(): number {
    return this.#tryAtMs;
  }

  get mayBeTried(): boolean {
    return this.#settings.clock.monotonic() >= this.#tryAtMs;
  }

  /**
   * Sends one message, once more over a new connection where the kept one was lost: the newest of a
   * host may come twice.
   *
   * @throws CourierError; {@link NotTaken} when it answers otherwise than with verdicts
   */
  async send(message: Buffer, signal: AbortSignal): Promise<RelayAnswer> {
    try {
      const answer = await this.#post(message, signal).catch((error: unknown) => {
        const isLost = error instanceof CourierError && error.code === 'UNREACHABLE';
        if (!isLost || this.#fault !== undefined || signal.aborted) throw error;
        return this.#post(message, signal);
      });
      this.#fault = undefined;
      this.#failures = 0;
      this.#lastContactAt = new Date(this.#settings.clock.now());
      return answer;
    } catch (thrown) {
      const error = asCourierError(thrown, `sending to ${this.shown}`);
      if (!signal.aborted && !isTooLarge(error)) this.#failed(error);
      throw error;
    }
  }

  async #post(message: Buffer, signal: AbortSignal): Promise<RelayAnswer> {
    const { connections, clock } = this.#settings;
    const body = await pack(message, { level: 3 });
    const headers = [
      { name: 'content-type', value: 'application/octet-stream' },
      { name: 'content-encoding', value: 'gzip' },
    ];
    const wants = (status: number) => status === 200;
    const call = { method: 'POST', headers, body, wants } as const;
    const limit = { clock, timeoutMs: requestMs, tooSlow: `no answer from ${this.shown}` };
    const response = await withTimeLimit(limit, signal, (limited) =>
      connections.ask({ place: this.#place, isKnown: true, call }, limited),
    );
    if (response.status !== 200) throw this.#toNotTaken(response);
    return readAnswer(response.body, this.shown);
  }

  #toNotTaken(response: WebResponse): NotTaken {
    const line = cleanText(response.body.toString('utf8').split('\n')[0] ?? '', 200);
    // The code is told behind the whole of it.
    const said = line.replace(/ \([A-Z_]+\)$/, '');
    const what = `${this.shown}: ${showStatus(response)}${said === '' ? '' : `, ${said}`}`;
    const hint = response.status === 404 ? '; has the URL the name of the site at its end?' : '';
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    const retryAfterMs = Number.isFinite(seconds) ? Math.max(0, seconds) * 1000 : undefined;
    return new NotTaken(`${what}${hint}`, response.status, retryAfterMs);
  }

  #failed(error: CourierError): void {
    const { clock, chance } = this.#settings;
    this.#fault = error;
    const longest = error instanceof NotTaken ? longestWaitMs : longestSilentWaitMs;
    const doubled = Math.min(shortestWaitMs * 2 ** Math.min(this.#failures, 10), longest);
    const least = error.code === 'REFUSED' ? refusedWaitMs : 0;
    const asked = error instanceof NotTaken ? (error.retryAfterMs ?? 0) : 0;
    this.#failures += 1;
    const ownMs = Math.max(doubled, least) * (0.5 + chance() / 2);
    const askedMs = spreadRetry(Math.min(asked, longestRetryAfterMs), chance());
    this.#tryAtMs = clock.monotonic() + Math.max(ownMs, askedMs);
  }

  close(): Promise<void> {
    return this.#settings.connections.close();
  }
}

export function isTooLarge(error: CourierError): boolean {
  return error instanceof NotTaken && error.status === 413;
}

/** Whether the message itself is called wrong, or something before the receiver says so. */
export function isRejected(error: CourierError): boolean {
  return error instanceof NotTaken && error.status === 400;
}

/**
 * Never less than was asked for, and not the same for all who were asked at once.
 *
 * @param chance from 0 to 1
 */
export function spreadRetry(askedMs: number, chance: number): number {
  return askedMs * (1 + chance / 2);
}
