/** A directory of the spool as its writer sees it: what is put into it is safe, or not there. */

import { join } from 'node:path';
import { errorCode } from '../faults/system-errors.ts';
import { closeFile, openFile } from '../files/file-calls.ts';
import { type Commits, removeFiles } from './commits.ts';
import { makeTemporaryName } from './names.ts';

/** How often a file is written again that another writer has tidied away when it started. */
const attempts = 3;

/** An open directory. */
export class Shard {
  readonly path: string;
  readonly #descriptor: number;
  readonly #commits: Commits;

  private constructor(path: string, descriptor: number, commits: Commits) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#commits = commits;
  }

  static async open(path: string, commits: Commits): Promise<Shard> {
    return new Shard(path, await openFile(path, 'r'), commits);
  }

  /**
   * Writes a file under a name nobody has, then removes those it takes the place of.
   *
   * @returns what kept one of those from being removed, if anything did
   */
  async store(
    name: string,
    buffers: readonly Buffer[],
    superseded: readonly string[],
  ): Promise<Error | undefined> {
    const arrival = {
      directory: this.#descriptor,
      path: join(this.path, name),
      superseded: this.#pathsOf(superseded),
    };
    for (let attempt = 1; ; attempt += 1) {
      const temporary = join(this.path, makeTemporaryName());
      try {
        return await this.#commits.write({ ...arrival, temporary }, buffers);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT' || attempt === attempts) throw error;
      }
    }
  }

  /** Removes files; fine when they are gone. */
  async remove(names: readonly string[]): Promise<void> {
    await removeFiles(this.#pathsOf(names));
  }

  #pathsOf(names: readonly string[]): readonly string[] {
    return names.map((name) => join(this.path, name));
  }

  async close(): Promise<void> {
    await closeFile(this.#descriptor).catch(() => undefined);
  }
}
