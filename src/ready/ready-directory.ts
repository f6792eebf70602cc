/**
 * What the site gets without waiting: a file for each host, in a directory in memory, with the
 * bytes for stdout, or the line and code of a fault. `agents/site/cmk-courier-ready` reads it.
 *
 * All calls are synchronous: memory does not keep anybody waiting.
 */

import {
  closeSync,
  constants,
  existsSync,
  futimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { writeAllSync } from '../files/write-all.ts';
import type { HostName } from '../names/host-name.ts';
import { requireTrustedSync } from '../system/trusted-path.ts';
import { remove, requireOnlyOurs, sweep } from './contents.ts';
import { temporaryName } from './names.ts';
import { makeFirstLine, parseFirstLine } from './ready-file.ts';
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
  /** The host's address it was fetched with; it is not good for another address. */
  readonly address: string | undefined;
}

/** Output that expired this long ago is removed. */
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
   * @throws CourierError LOCAL; CONFIG when others may write there, or it holds what is not ours
   */
  static open(settings: ReadyDirectorySettings): ReadyDirectory {
    try {
      const opened = new ReadyDirectory(settings);
      opened.#make();
      requireOnlyOurs(settings.directory);
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
      const start = bytes.toString('utf8', 0, bytes.indexOf('\n') + 1);
      const first = parseFirstLine(host, start);
      const isGood = first?.exitCode === 0 && first.line === undefined;
      return isGood ? bytes.subarray(first.bytes) : undefined;
    });
  }

  /** @throws CourierError LOCAL */
  remove(host: HostName): void {
    this.#doing(`removing what is ready of ${host}`, () => remove(this.#pathOf(host)));
  }

  /**
   * Removes what was half-way written and what expired long ago, if it is ours; makes the directory
   * again when it is gone.
   *
   * @throws CourierError LOCAL; CONFIG when others may write there
   */
  sweep(): void {
    this.#doing('clearing up what is ready', () => {
      this.#make();
      sweep(this.#directory, this.#clock.now() - sweepMs);
    });
  }

  #make(): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    requireTrustedSync(this.#directory);
  }

  #pathOf(host: HostName): string {
    return join(this.#directory, host);
  }

  /** Whole or not at all; where the directory is gone, in a new one. */
  #write(host: HostName, outcome: string, output: readonly Buffer[], validity: Validity): void {
    const head = this.#toFirstLine(host, outcome, validity);
    const expiresAt = (this.#clock.now() + validity.validMs) / 1000;
    try {
      this.#writeFile(host, [head, ...output], expiresAt);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || existsSync(this.#directory)) throw error;
      this.#make();
      this.#writeFile(host, [head, ...output], expiresAt);
    }
  }

  /** The second is rounded down, so that it never comes too late. */
  #toFirstLine(host: HostName, outcome: string, { validMs, address = '-' }: Validity): Buffer {
    const { bootId, now } = this.#uptime;
    const second = Math.floor(now() + validMs / 1000);
    return makeFirstLine(host, { bootId, second, address }, outcome);
  }

  #writeFile(host: HostName, parts: readonly Buffer[], expiresAt: number): void {
    const temporary = join(this.#directory, temporaryName(host));
    try {
      const descriptor = openSync(temporary, newFile, 0o600);
      try {
        writeAllSync(descriptor, parts);
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

/** O_NOFOLLOW: a link laid there by others is not written through. */
const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
