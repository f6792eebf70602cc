/** What the receiver says of each host, and what follows from it. */

import type { Clock } from '../clock.ts';
import { cleanText } from '../faults/errors.ts';
import type { Logger } from '../logging/log.ts';
import { News } from '../logging/news.ts';
import type { HostName } from '../names/host-name.ts';
import type { RelayAnswer, Verdict } from '../relay/message.ts';
import { formatDuration } from '../times/durations.ts';
import { defaultMaxSkewMs } from '../times/skew.ts';
import { spreadRetry } from './receiver.ts';
import type { Sent, WaitingHosts } from './waiting.ts';

interface Settings {
  readonly waiting: WaitingHosts;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number from 0 to 1, which spreads relays that were put off at once. */
  chance(): number;
}

/** What a receiver cannot take now is sent again after this, unless it says otherwise. */
const usualRetryS = 10;
const longestRetryS = 300;
/** Statuses that say nothing for good: credentials, time, and too much at once. */
const passing = [401, 408, 429];
/** Refused hosts that the status shows. */
const mostShown = 20;

export class Verdicts {
  readonly #settings: Settings;
  readonly #refusedHosts = new Map<HostName, string>();
  readonly #news = new News();
  #sent = 0;
  #refused = 0;
  #skewMs: number | undefined;
  #relay: string | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  get sent(): number {
    return this.#sent;
  }

  get refused(): number {
    return this.#refused;
  }

  /** How far our clock is ahead of that of the receiver. */
  get skewMs(): number | undefined {
    return this.#skewMs;
  }

  /** What the receiver calls us. */
  get relay(): string | undefined {
    return this.#relay;
  }

  get refusedHosts(): readonly { readonly host: string; readonly message: string }[] {
    const shown = [...this.#refusedHosts].slice(0, mostShown);
    return shown.map(([host, message]) => ({ host, message }));
  }

  /** Takes an answer into account; of something it does not mention, nothing is known. */
  apply({ nowMs, relay, verdicts }: RelayAnswer, sent: readonly Sent[]): void {
    this.#relay = cleanText(relay, 100);
    this.#noteSkew(this.#settings.clock.now() - nowMs);
    for (const [index, one] of sent.entries()) {
      const verdict = verdicts[index];
      if (verdict?.host === one.host) this.#applyOne(verdict, one);
      else this.#settings.waiting.later(one, usualRetryS * 1000);
    }
  }

  /** The host is no longer asked: what was refused to it is no news any more. */
  forget(host: HostName): void {
    this.#refusedHosts.delete(host);
    this.#news.isNew(host, '');
  }

  /** The receiver will never take it. */
  refuse(sent: Sent, message: string): void {
    const { host } = sent;
    const { waiting } = this.#settings;
    const isAsked = waiting.has(host);
    waiting.done(sent);
    this.#refused += 1;
    if (!isAsked) return;
    this.#refusedHosts.set(host, message);
    if (!this.#news.isNew(host, message)) return;
    this.#settings.log.warn({ host }, `the receiver does not take it: ${message}`);
  }

  #applyOne(verdict: Verdict, sent: Sent): void {
    const { status, retryAfterS = usualRetryS } = verdict;
    const message = cleanText(verdict.message ?? `status ${status}`, 280);
    if (status < 300) this.#taken(verdict, sent);
    else if (status < 500 && !passing.includes(status)) this.refuse(sent, message);
    else this.#putOff(sent, message, retryAfterS);
  }

  #putOff(sent: Sent, message: string, retryAfterS: number): void {
    const waitS = Math.min(Math.max(1, retryAfterS), longestRetryS);
    const { waiting, chance } = this.#settings;
    waiting.later(sent, spreadRetry(waitS * 1000, chance()));
    if (this.#news.isNew('later', message)) {
      this.#settings.log.warn({ host: sent.host }, `the receiver cannot take it now: ${message}`);
    }
  }

  #taken({ message = '' }: Verdict, sent: Sent): void {
    const { host } = sent;
    this.#settings.waiting.done(sent);
    this.#sent += 1;
    this.#refusedHosts.delete(host);
    this.#news.isNew('later', '');
    const told = cleanText(message, 280);
    // Times differ each time; the same is not told again for them.
    if (this.#news.isNew(host, told.replace(/\d/g, '')) && told !== '') {
      this.#settings.log.info({ host }, `taken; ${told}`);
    }
  }

  #noteSkew(skewMs: number): void {
    this.#skewMs = skewMs;
    const isOff = Math.abs(skewMs) > defaultMaxSkewMs;
    const how = skewMs > 0 ? 'ahead of' : 'behind';
    if (!this.#news.isNew('clock', isOff ? how : '')) return;
    const by = formatDuration(Math.abs(skewMs));
    const text = `our clock is ${by} ${how} that of the receiver: output is dated wrongly`;
    this.#settings.log.warn({ code: 'STALE' }, text);
  }
}
