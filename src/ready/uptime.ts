/** A clock that nobody can set: what counts for whether something is still good. */

import { readFileSync } from 'node:fs';

export interface Uptime {
  /** Another one after each boot. */
  readonly bootId: string;
  /** Seconds since the boot, with fractions. */
  now(): number;
}

/** As a shell script can read it as well, without another process (proc(5)). */
export function systemUptime(): Uptime {
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    now: () => Number.parseFloat(readFileSync('/proc/uptime', 'utf8')),
  };
}
