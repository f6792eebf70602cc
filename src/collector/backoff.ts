/** When a host is asked again. */

import { type CourierError, isSilence } from '../faults/errors.ts';

/** What is known of a host's last cycles. */
export interface History {
  /** Cycles that brought nothing, in a row. */
  readonly failures: number;
  /** How many of the newest of them ended without an answer. */
  readonly silences: number;
}

export const cleanHistory: History = { failures: 0, silences: 0 };

/** The history after a cycle that ended with a fault. */
export function afterFault(
  { failures, silences }: History,
  error: Pick<CourierError, 'code' | 'isSecondHand'>,
): History {
  return { failures: failures + 1, silences: isSilence(error) ? silences + 1 : 0 };
}

/** The number of silences in a row that begin a backoff. */
const silencesToBackOff = 3;

/** Whether the host is asked less often than its interval says, since nobody answers there. */
export function isBackingOff({ silences }: History): boolean {
  return silences >= silencesToBackOff;
}

/** A host that answers again is noticed within this time, or within its interval if that is longer. */
export const longestBackoffMs = 300_000;

/**
 * How long after a cycle the next one begins: the interval, or during a backoff twice as long with
 * each further silence, up to five minutes.
 *
 * @param chance from 0 to 1; spreads hosts that were asked at the same time. Never to a later time:
 * output is no older than the interval says
 */
export function delayMs(everyMs: number, history: History, chance: number): number {
  const doublings = Math.max(0, history.silences - silencesToBackOff + 1);
  const backoffMs = Math.min(everyMs * 2 ** Math.min(doublings, 16), longestBackoffMs);
  return Math.max(everyMs, backoffMs) * (1 - jitter * chance);
}

/** The width of that spread, as a part of the delay. */
const jitter = 0.04;
