/**
 * What a special agent keeps between two runs: a session, the time of the last run, an answer that
 * is dear. Lost or torn is as if it had never been; it decides nothing but how much is asked anew.
 */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { CourierError } from '../faults/errors.ts';
import { fileStatus, remove } from '../files/file-calls.ts';
import { readStart, withOpened } from '../files/read-start.ts';
import type { Logger } from '../logging/log.ts';
import { replaceFile } from '../system/durable-files.ts';
import { makeOwnDirectory } from '../system/private-directory.ts';
import { isTrustedEntry } from '../system/trusted-path.ts';

/** An answer of an API that is kept; what is larger is not. */
const longestBytes = 16 * 1024 * 1024;

export class KeptState {
  readonly #directory: string;
  readonly #log: Logger;

  private constructor(directory: string, log: Logger) {
    this.#directory = directory;
    this.#log = log;
  }

  /**
   * @param agent its name
   * @returns the state of that agent; one that keeps nothing where there is no place for it
   */
  static async open(
    agent: string,
    { env, log }: { env: Environment; log: Logger },
  ): Promise<KeptState> {
    const directory = join(findDirectory(env), agent);
    try {
      await makeOwnDirectory(directory, 'what special agents keep');
    } catch (error) {
      if (!(error instanceof CourierError)) throw error;
      log.warn({ why: error.message }, 'nothing is kept between two runs');
      return new KeptState('', log);
    }
    return new KeptState(directory, log);
  }

  /** @returns undefined where there is nothing under that key, or what there is cannot be read */
  async read(key: string): Promise<unknown> {
    if (this.#directory === '') return undefined;
    const path = this.#pathOf(key);
    try {
      const text = await withOpened(path, readOwn);
      return text === undefined || typeof text === 'string'
        ? undefined
        : JSON.parse(text.toString());
    } catch (error) {
      this.#log.info({ path, error }, 'what was kept cannot be read; it is asked anew');
      return undefined;
    }
  }

  /** Keeps a value that JSON can hold; what cannot be written is lost. */
  async write(key: string, value: unknown): Promise<void> {
    if (this.#directory === '') return;
    const text = JSON.stringify(value);
    if (text.length > longestBytes) return;
    await replaceFile(this.#pathOf(key), text).catch((error: unknown) => {
      this.#log.warn({ error }, 'nothing could be kept for the next run');
    });
  }

  async forget(key: string): Promise<void> {
    if (this.#directory === '') return;
    await remove(this.#pathOf(key), { force: true }).catch(() => undefined);
  }

  /** A key may hold anything, such as the name of a user. */
  #pathOf(key: string): string {
    return join(this.#directory, createHash('sha256').update(key).digest('hex').slice(0, 40));
  }
}

/** The content of a file that is ours alone and not too large. */
async function readOwn(descriptor: number): Promise<Buffer | undefined> {
  const stats = await fileStatus(descriptor);
  if (!stats.isFile() || !isTrustedEntry(stats) || stats.size > longestBytes) return undefined;
  return readStart(descriptor, stats.size);
}

/** Where Checkmk says, else of the site, else the user's own. */
function findDirectory(env: Environment): string {
  const given = env['SERVER_SIDE_PROGRAM_STORAGE_PATH'];
  if (given) return given;
  if (env['OMD_ROOT']) return join(env['OMD_ROOT'], 'tmp/cmk-courier/agents');
  if (env['XDG_RUNTIME_DIR']) return join(env['XDG_RUNTIME_DIR'], 'cmk-courier/agents');
  return `/tmp/cmk-courier-${process.geteuid?.()}/agents`;
}
