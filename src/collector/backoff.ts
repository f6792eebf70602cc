/** When a host is asked again. */

import { type FaultCode, faults } from '../faults/errors.ts';

/** What is known of a host's last cycles. */
export interface History {
  /** Cycles that brought nothing, in a row. */
  readonly failures: number;
  /** Those of them in which nobody answered, in a row up to now. */
  readonly silences: number;
}

export const cleanHistory: History = { failures: 0, silences: 0 };

/** The history after a cycle that ended with a fault. */
export function afterFault({ failures, silences }: History, code: FaultCode): History {
  return { failures: failures + 1, silences: faults[code].silence ? silences + 1 : 0 };
}

/** After so many silences in a row a host counts as dead. */
const silencesOfTheDead = 3;

/** Whether the circuit breaker is open: the host is asked seldom, and never beside many others. */
export function isDead({ silences }: History): boolean {
  return silences >= silencesOfTheDead;
}

/** A dead host comes back unnoticed for no longer than this, unless it is asked seldom anyway. */
const longestBackoffMs = 300_000;

/**
 * How long after a cycle the next one begins: the interval, doubled for a dead host each time it
 * stays silent, up to five minutes.
 *
 * @param chance from 0 to 1, so that hosts do not come all at once
 */
export function delayMs(everyMs: number, history: History, chance: number): number {
  const doublings = Math.max(0, history.silences - silencesOfTheDead + 1);
  const backoffMs = Math.min(everyMs * 2 ** Math.min(doublings, 16), longestBackoffMs);
  return Math.max(everyMs, backoffMs) * (1 + jitter * (chance - 0.5));
}

/** How far around it an interval is spread. */
const jitter = 0.04;
