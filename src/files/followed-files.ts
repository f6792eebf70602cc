/** Files that are read once and read again when somebody replaces them. */

import type { Clock } from '../clock.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import { pathStatus } from './file-calls.ts';
import { fileVersion } from './file-version.ts';

/** What is wrong and stays the same is read again so often. */
const againMs = 60_000;
const rightNow = { message: '', isTold: false, version: '', atMs: 0 };

interface Settings {
  readonly files: readonly string[];
  /** Told when they were read again. */
  readonly renewed: string;
  /** What reading them is, where a fault does not say it. */
  readonly reading: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export class FollowedFiles {
  readonly #settings: Settings;
  #version = '';
  /** What was wrong when they were looked at last, and whether it was told. */
  #wrong = rightNow;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Reads them for the first time. Rejects as `read` does. */
  async begin<Value>(read: () => Promise<Value>): Promise<Value> {
    // Looked at before: what changes while they are read is read again.
    const version = await versionOf(this.#settings.files);
    const value = await read();
    this.#version = version;
    return value;
  }

  /**
   * Reads them again where they are not as they were; undefined where they are, and where they cannot
   * be used: what was read before then stays in use, which is told once. Never rejects.
   */
  async renew<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
    const { files, renewed, reading, clock, log } = this.#settings;
    const version = await versionOf(files);
    if (version === this.#version || this.#isKnownWrong(version)) return undefined;
    try {
      const value = await read();
      this.#version = version;
      this.#wrong = rightNow;
      log.info({}, renewed);
      return value;
    } catch (thrown) {
      const { code, message } = asCourierError(thrown, reading);
      // Certificate and key cannot be replaced at one moment: what is wrong twice is wrong.
      const isKnown = this.#wrong.message === message;
      if (isKnown && !this.#wrong.isTold) {
        log.warn({ code }, `${message}; what was read before stays in use`);
      }
      this.#wrong = { message, isTold: isKnown, version, atMs: clock.monotonic() };
      return undefined;
    }
  }

  /** Directories on the way may have become right though the files are the same. */
  #isKnownWrong(now: string): boolean {
    const { isTold, version, atMs } = this.#wrong;
    return isTold && version === now && this.#settings.clock.monotonic() - atMs < againMs;
  }
}

/** Changes when any of the files does. */
async function versionOf(files: readonly string[]): Promise<string> {
  const versions = files.map(async (path) => {
    try {
      return fileVersion(await pathStatus(path));
    } catch (error) {
      return errorCode(error) ?? 'unknown';
    }
  });
  return (await Promise.all(versions)).join(', ');
}
