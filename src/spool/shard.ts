/** A directory of the spool as its writer sees it: what is put into it is safe, or not there. */

import { join } from 'node:path';
import { systemClock } from '../clock.ts';
import { errorCode } from '../faults/system-errors.ts';
import {
  closeFile,
  openFile,
  removeFile,
  renameFile,
  syncAll,
  syncFile,
} from '../files/file-calls.ts';
import { writeAll } from '../files/write-all.ts';
import { makeTemporaryName } from './names.ts';

/** How often a file is written again that another writer has tidied away when it started. */
const attempts = 3;

/** An open directory. */
export class Shard {
  readonly path: string;
  readonly #descriptor: number;
  readonly #tellFsync: ((durationMs: number) => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  private constructor(path: string, descriptor: number, tellFsync?: (durationMs: number) => void) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#tellFsync = tellFsync;
  }

  /** @param tellFsync hears how long each fsync took; without it nothing is made safe by one */
  static async open(path: string, tellFsync?: (durationMs: number) => void): Promise<Shard> {
    return new Shard(path, await openFile(path, 'r'), tellFsync);
  }

  /** Writes a file under a name nobody has; when it resolves, it would survive a power cut. */
  async store(name: string, buffers: readonly Buffer[]): Promise<void> {
    const path = join(this.path, name);
    for (let attempt = 1; ; attempt += 1) {
      const temporary = join(this.path, makeTemporaryName());
      try {
        await this.#writeFile(temporary, buffers);
        await renameFile(temporary, path);
        break;
      } catch (error) {
        await removeFile(temporary).catch(() => undefined);
        if (errorCode(error) !== 'ENOENT' || attempt === attempts) throw error;
      }
    }
    await this.sync().catch(async (error: unknown) => {
      await removeFile(path).catch(() => undefined);
      throw error;
    });
  }

  async #writeFile(path: string, buffers: readonly Buffer[]): Promise<void> {
    const descriptor = await openFile(path, 'wx', 0o600);
    try {
      await writeAll(descriptor, buffers);
      if (this.#tellFsync !== undefined) await this.#timed(syncFile(descriptor));
    } finally {
      await closeFile(descriptor);
    }
  }

  /**
   * Makes the names in the directory safe. All who ask while one fsync runs share the next: it
   * begins after their renames, so it covers them.
   */
  sync(): Promise<void> {
    if (this.#tellFsync === undefined) return Promise.resolve();
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#running = this.#timed(syncAll(this.#descriptor));
        return this.#running;
      });
    return this.#next;
  }

  async #timed(fsync: Promise<void>): Promise<void> {
    const startedMs = systemClock.monotonic();
    await fsync;
    this.#tellFsync?.(systemClock.monotonic() - startedMs);
  }

  /** Removes files; fine when they are gone. */
  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await removeFile(join(this.path, name)).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error;
      });
    }
  }

  async close(): Promise<void> {
    await closeFile(this.#descriptor).catch(() => undefined);
  }
}
