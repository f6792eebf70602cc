/** Signals that end the program. */

import { constants } from 'node:os';
import type { Staying } from '../cli/io.ts';
import { longestTimerMs } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export type EndingSignal = (typeof signals)[number];

export interface Shutdown {
  /** Aborts at the first signal, with a CourierError INTERRUPTED as its reason. */
  readonly signal: AbortSignal;
  /** The signal that came, if one did. */
  received(): EndingSignal | undefined;
  /** For a command that serves until it is ended. */
  stay(how: Staying): void;
}

/** How long temporary files and children have to go; then we go without them. */
const graceMs = 100;

/**
 * Waits for SIGTERM, SIGINT and SIGHUP. The first one aborts the signal and ends the process
 * when the work has not ended soon after; a second one ends it on the spot.
 */
export function listenForShutdown(): Shutdown {
  const controller = new AbortController();
  let received: EndingSignal | undefined;
  let staying: Staying | undefined;
  for (const name of signals) {
    process.on(name, () => {
      if (name === 'SIGHUP' && staying !== undefined) return staying.onHangup();
      if (received !== undefined) dieBySignal(name);
      received = name;
      controller.abort(new CourierError('INTERRUPTED', `ended by ${name}`));
      setTimeout(dieBySignal, Math.min(staying?.graceMs ?? graceMs, longestTimerMs), name);
    });
  }
  const stay = (how: Staying) => {
    staying = how;
  };
  return { signal: controller.signal, received: () => received, stay };
}

/**
 * Ends the process as the signal would have ended it, so that whoever waits for us sees the
 * signal and not an exit code.
 */
export function dieBySignal(name: EndingSignal): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
  // As the first process of a container we have no default actions.
  setTimeout(() => process.exit(128 + constants.signals[name]), graceMs);
}
