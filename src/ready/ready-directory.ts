/**
 * What the site gets without waiting: for each host the bytes for stdout, or the line and code of
 * its fault, in a directory in memory. `agents/site/cmk-courier-ready` reads it.
 *
 * A file's time of modification is the moment it expires. That alone would not do: a clock that is
 * set back, or a boot with a directory on disk, would make good what had expired. So each output
 * has a line beside it with the boot it belongs to and the second since that boot from which on it
 * is expired, and a fault has it in its own line.
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
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { HostName } from '../host-name.ts';
import { asCourierError, errorCode } from '../system-errors.ts';
import { faultSuffix, hostOf, isTemporaryName, temporaryName, validSuffix } from './names.ts';
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

/** Until when something is ready, and for whom. */
export interface Validity {
  readonly validMs: number;
  /** The host's address it was fetched with: for another one it is not good. */
  readonly address: string | undefined;
}

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
  publish(host: HostName, output: readonly Buffer[], validity: Validity): void {
    this.#doing(`laying the output of ${host} ready`, () => {
      const [line, expiresAt] = this.#describe(validity);
      const valid = [Buffer.from(`${line}\n`)];
      const path = this.#pathOf(host);
      // Output must never go by the validity of a later one, and never be without any.
      const isNew = !existsSync(path);
      if (isNew) this.#write(host, `${path}${validSuffix}`, valid, expiresAt);
      this.#write(host, path, output, expiresAt);
      if (!isNew) this.#write(host, `${path}${validSuffix}`, valid, expiresAt);
      remove(`${path}${faultSuffix}`);
    });
  }

  /**
   * Lays a fault ready and takes the output away, even if the fault cannot be written.
   *
   * @throws CourierError LOCAL
   */
  publishFault(host: HostName, { line, exitCode }: ReadyFault, validity: Validity): void {
    this.#doing(`laying the fault of ${host} ready`, () => {
      const path = this.#pathOf(host);
      const [valid, expiresAt] = this.#describe(validity);
      const text = Buffer.from(`${valid} ${exitCode} ${line}\n`);
      try {
        this.#write(host, `${path}${faultSuffix}`, [text], expiresAt);
      } finally {
        remove(path);
      }
    });
  }

  /** @throws CourierError LOCAL */
  remove(host: HostName): void {
    this.#doing(`removing what is ready of ${host}`, () => {
      const path = this.#pathOf(host);
      for (const suffix of ['', validSuffix, faultSuffix]) remove(`${path}${suffix}`);
    });
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

  /** `BOOT SECOND ADDRESS`, the second rounded down, and the same moment as a date. */
  #describe({ validMs, address = '-' }: Validity): readonly [string, Date] {
    const second = Math.floor(this.#uptime.now() + validMs / 1000);
    const expiresAt = new Date(this.#clock.now() + validMs);
    return [`${this.#uptime.bootId} ${second} ${address}`, expiresAt];
  }

  #pathOf(host: HostName): string {
    return join(this.#directory, host);
  }

  /** Whole or not at all. */
  #write(host: HostName, path: string, parts: readonly Buffer[], expiresAt: Date): void {
    const temporary = join(this.#directory, temporaryName(host));
    try {
      const descriptor = openSync(temporary, 'w', 0o600);
      try {
        writeAll(descriptor, parts);
        futimesSync(descriptor, expiresAt, expiresAt);
      } finally {
        closeSync(descriptor);
      }
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  #doing(what: string, act: () => void): void {
    try {
      act();
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
