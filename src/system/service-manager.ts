/**
 * What systemd is told (sd_notify(3)). Node cannot write to a datagram socket of the file system,
 * so systemd's own program does it; it is another process than ours, which is why the unit needs
 * `NotifyAccess=all`.
 */

import type { Environment } from '../cli/environment.ts';
import { systemClock } from '../clock.ts';
import { cleanText } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import { neverAborts } from './never-aborts.ts';
import { describeEnd } from './program/call.ts';
import { runProgram } from './program/run-program.ts';
import { withTimeLimit } from './time-limit.ts';

const patienceMs = 5000;

/** Without NOTIFY_SOCKET everything here does nothing. */
export class ServiceManager {
  readonly #env: Environment;
  readonly #log: Logger;
  #watchdog: NodeJS.Timeout | undefined;
  #isTold = false;

  constructor(env: Environment, log: Logger) {
    this.#env = env;
    this.#log = log;
  }

  /**
   * Ready for the first time or again. From now on the watchdog is fed while the service is alive:
   * what another start would not mend, such as a full disk, belongs into its status.
   */
  async ready(isAlive: () => boolean, describe: () => string): Promise<void> {
    await this.#tell('READY=1', `STATUS=${toOneLine(describe())}`);
    const everyMs = watchdogMs(this.#env) / 2;
    if (this.#watchdog !== undefined || !(everyMs > 0)) return;
    this.#watchdog = setInterval(() => {
      if (isAlive()) void this.#tell('WATCHDOG=1', `STATUS=${toOneLine(describe())}`);
    }, everyMs);
    this.#watchdog.unref();
  }

  async reloading(): Promise<void> {
    const microseconds = Math.trunc(systemClock.monotonic() * 1000);
    await this.#tell('RELOADING=1', `MONOTONIC_USEC=${microseconds}`);
  }

  async stopping(): Promise<void> {
    clearInterval(this.#watchdog);
    await this.#tell('STOPPING=1');
  }

  /** Never rejects: the work goes on whether or not systemd listens. */
  async #tell(...assignments: readonly string[]): Promise<void> {
    const { NOTIFY_SOCKET, PATH } = this.#env;
    if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '') return;
    const call = {
      program: 'systemd-notify',
      args: [`--pid=${process.pid}`, ...assignments],
      debianPackage: 'systemd',
      env: { NOTIFY_SOCKET, PATH },
      maxOutputBytes: 10_000,
    };
    const limit = { timeoutMs: patienceMs, tooSlow: 'no answer from systemd-notify' };
    try {
      const end = await withTimeLimit(limit, neverAborts, (signal) => runProgram(call, signal));
      if (end.code !== 0) this.#complain(describeEnd(end));
    } catch (error) {
      this.#complain(asCourierError(error, 'telling systemd').message);
    }
  }

  #complain(cause: string): void {
    if (!this.#isTold) this.#log.warn({ cause }, 'systemd cannot be told how we are');
    this.#isTold = true;
  }
}

/** WATCHDOG_USEC, unless it is meant for another process (sd_watchdog_enabled(3)). */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: Environment): number {
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return 0;
  return Number(WATCHDOG_USEC ?? 0) / 1000;
}

/** An assignment ends at its line. */
function toOneLine(text: string): string {
  return cleanText(text, 200);
}
