/** How a file gets into a directory: in full and safe, or not at all. */

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

/** A file on its way. */
export interface Arrival {
  /** Descriptor of the directory. */
  readonly directory: number;
  /** The name it is written under, which nothing else has. */
  readonly temporary: string;
  readonly path: string;
  /** Paths of what it takes the place of, which is removed once it is safe. */
  readonly superseded: readonly string[];
}

export interface Commits {
  /**
   * When it resolves the file would survive a power cut; when it rejects there is none.
   *
   * @returns what kept a superseded file from being removed, if anything did
   * @throws what the call into the file system that failed has thrown
   */
  write(arrival: Arrival, buffers: readonly Buffer[]): Promise<Error | undefined>;
  /** To be called when nothing is under way. */
  close(): Promise<void>;
}

/** One file after the other; for a program that has few. */
export class DirectCommits implements Commits {
  readonly #isDurable: boolean;

  /** @param isDurable whether files shall survive a power cut, or only be there in full or not at all */
  constructor(isDurable: boolean) {
    this.#isDurable = isDurable;
  }

  async write(arrival: Arrival, buffers: readonly Buffer[]): Promise<Error | undefined> {
    const { directory, temporary, path, superseded } = arrival;
    let there = temporary;
    try {
      await this.#writeFile(temporary, buffers);
      await renameFile(temporary, path);
      there = path;
      if (this.#isDurable) await syncAll(directory);
    } catch (error) {
      await removeFile(there).catch(() => undefined);
      throw error;
    }
    try {
      await removeFiles(superseded);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #writeFile(path: string, buffers: readonly Buffer[]): Promise<void> {
    const descriptor = await openFile(path, 'wx', 0o600);
    try {
      await writeAll(descriptor, buffers);
      if (this.#isDurable) await syncFile(descriptor);
    } finally {
      await closeFile(descriptor);
    }
  }

  async close(): Promise<void> {}
}

/** Removes files; fine when they are gone. */
export async function removeFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await removeFile(path).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
    });
  }
}
