/** What the collector does again and again, until it is stopped. */

import type { Clock } from '../clock.ts';

/** How often it looks which hosts are due. */
export const tickMs = 200;
/** How often it looks for new hosts. */
const newsMs = 5000;
/** How often it cleans up. */
const tidyMs = 30_000;

/** Nothing of it waits. */
export interface Rounds {
  /** Asks what is due. */
  dispatch(nowMs: number): void;
  /** Takes in hosts that are new, and gives back what runs short. */
  renew(): void;
  tidy(): void;
}

/** Resolves when the signal aborts. */
export async function goRounds(rounds: Rounds, clock: Clock, signal: AbortSignal): Promise<void> {
  let newsAtMs = clock.monotonic() + newsMs;
  let tidyAtMs = clock.monotonic() + tidyMs;
  while (!signal.aborted) {
    const nowMs = clock.monotonic();
    rounds.dispatch(nowMs);
    if (nowMs >= newsAtMs) {
      newsAtMs = nowMs + newsMs;
      rounds.renew();
    }
    if (nowMs >= tidyAtMs) {
      tidyAtMs = nowMs + tidyMs;
      rounds.tidy();
    }
    await clock.sleep(tickMs, signal).catch(() => undefined);
  }
}
