/** A clock that nobody can set: what counts for whether something is still good. */

import { readFileSync } from 'node:fs';
import { systemClock } from '../clock.ts';

export interface Uptime {
  /** Another one after each boot. */
  readonly bootId: string;
  /** Seconds since the boot, with fractions. */
  now(): number;
}

/** How long the distance between the two clocks counts as known. */
const knownMs = 10_000;

/**
 * As a shell script can read it as well, without another process (proc(5)). Between readings the
 * monotonic clock stands in, which at most lags behind: it stands still while a machine sleeps.
 */
export function systemUptime(): Uptime {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let seconds = 0;
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    now: () => {
      const nowMs = systemClock.monotonic();
      if (nowMs - readAtMs > knownMs) {
        seconds = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
        readAtMs = nowMs;
      }
      return seconds + (nowMs - readAtMs) / 1000;
    },
  };
}
