/**
 * What the site gets without waiting: a file for each host, in a directory in memory, with the
 * bytes for stdout, or the line and code of a fault. `agents/site/cmk-courier-ready` reads it.
 *
 * A file's time of modification is the moment it expires. That alone would not do: a clock that is
 * set back, or a boot with a directory on disk, would make good what had expired. So the first line
 * says more, and all behind it is what goes out:
 *
 * `cmk-courier-ready/1 BOOT SECOND ADDRESS CODE LINE`
 *
 * It is expired from that second since that boot on; it was fetched from that address, `-` when the
 * site need not care; CODE is 0 for output, else the exit code that goes with the LINE for stderr.
 * With CODE 0 a LINE tells the fault for which old output stands in.
 *
 * All calls are synchronous: memory does not keep anybody waiting.
 */

import {
  closeSync,
  existsSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import type { HostName } from '../names/host-name.ts';
import { hostOf, isTemporaryName, temporaryName } from './names.ts';
import type { Uptime } from './uptime.ts';

export interface ReadyDirectorySettings {
  readonly directory: string;
  readonly clock: Clock;
  readonly uptime: Uptime;
}

/** Why there is no output. */
export interface ReadyFault {
  /** All of the line for stderr. */
  readonly line: string;
  readonly exitCode: number;
}

/** Output, and why it is old when it is: the line of the fault it stands in for. */
export interface ReadyOutput {
  readonly parts: readonly Buffer[];
  readonly graceFor?: string | undefined;
}

/** Until when something is ready, and for whom. */
export interface Validity {
  readonly validMs: number;
  /** The host's address it was fetched with: for another one it is not good. */
  readonly address: string | undefined;
}

/** With what the first line begins. */
export const readyMark = 'cmk-courier-ready/1';

/** What expired so long ago helps nobody any more. */
const sweepMs = 600_000;

export class ReadyDirectory {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #uptime: Uptime;

  private constructor({ directory, clock, uptime }: ReadyDirectorySettings) {
    this.#directory = directory;
    this.#clock = clock;
    this.#uptime = uptime;
  }

  /**
   * Makes it (0700) where it is missing and clears it up.
   *
   * @throws CourierError LOCAL
   */
  static open(settings: ReadyDirectorySettings): ReadyDirectory {
    try {
      mkdirSync(settings.directory, { recursive: true, mode: 0o700 });
      const opened = new ReadyDirectory(settings);
      opened.sweep();
      return opened;
    } catch (error) {
      throw asCourierError(error, `opening the ready directory ${settings.directory}`);
    }
  }

  /**
   * Lays output ready, in place of what was there for the host.
   *
   * @throws CourierError LOCAL, and then what is there is whole and expires as it was to
   */
  publish(host: HostName, { parts, graceFor }: ReadyOutput, validity: Validity): void {
    const outcome = graceFor === undefined ? '0' : `0 ${graceFor}`;
    this.#doing(`laying the output of ${host} ready`, () =>
      this.#write(host, outcome, parts, validity),
    );
  }

  /**
   * Lays a fault ready. Where it cannot be written, what was there goes all the same.
   *
   * @throws CourierError LOCAL
   */
  publishFault(host: HostName, { line, exitCode }: ReadyFault, validity: Validity): void {
    this.#doing(`laying the fault of ${host} ready`, () => {
      try {
        this.#write(host, `${exitCode} ${line}`, [], validity);
      } catch (error) {
        remove(this.#pathOf(host));
        throw error;
      }
    });
  }

  /**
   * The good output that lies ready, expired or not; undefined when there is none.
   *
   * @throws CourierError LOCAL
   */
  readBack(host: HostName): Buffer | undefined {
    return this.#doing(`reading back the output of ${host}`, () => {
      const path = this.#pathOf(host);
      if (!existsSync(path)) return undefined;
      const bytes = readFileSync(path);
      const end = bytes.indexOf('\n');
      return / 0$/.test(bytes.toString('latin1', 0, end)) ? bytes.subarray(end + 1) : undefined;
    });
  }

  /** @throws CourierError LOCAL */
  remove(host: HostName): void {
    this.#doing(`removing what is ready of ${host}`, () => remove(this.#pathOf(host)));
  }

  /**
   * Removes what was half-way written and what expired long ago.
   *
   * @throws CourierError LOCAL
   */
  sweep(): void {
    this.#doing('clearing up what is ready', () => {
      const oldestMs = this.#clock.now() - sweepMs;
      for (const name of readdirSync(this.#directory)) {
        const path = join(this.#directory, name);
        if (isTemporaryName(name)) remove(path);
        else if (hostOf(name) !== undefined && modifiedMs(path) < oldestMs) remove(path);
      }
    });
  }

  #pathOf(host: HostName): string {
    return join(this.#directory, host);
  }

  /** Whole or not at all. The second is rounded down, so that it never comes too late. */
  #write(
    host: HostName,
    outcome: string,
    output: readonly Buffer[],
    { validMs, address = '-' }: Validity,
  ): void {
    const { bootId, now } = this.#uptime;
    const second = Math.floor(now() + validMs / 1000);
    const head = Buffer.from(`${readyMark} ${bootId} ${second} ${address} ${outcome}\n`);
    const expiresAt = (this.#clock.now() + validMs) / 1000;
    const temporary = join(this.#directory, temporaryName(host));
    try {
      const descriptor = openSync(temporary, 'w', 0o600);
      try {
        writeAll(descriptor, [head, ...output]);
        futimesSync(descriptor, expiresAt, expiresAt);
      } finally {
        closeSync(descriptor);
      }
      renameSync(temporary, this.#pathOf(host));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  #doing<Result>(what: string, act: () => Result): Result {
    try {
      return act();
    } catch (error) {
      throw asCourierError(error, `${what} in ${this.#directory}`);
    }
  }
}

/** However often the system has to be asked: a full file system takes a part. */
function writeAll(descriptor: number, parts: readonly Buffer[]): void {
  const expected = parts.reduce((sum, { length }) => sum + length, 0);
  let written = writevSync(descriptor, [...parts]);
  if (written === expected) return;
  const whole = Buffer.concat(parts);
  while (written < expected) written += writeSync(descriptor, whole, written);
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Of what is gone meanwhile: never long ago. */
function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
}
