/** How many hosts may be made within an hour, whoever makes them: kept in a file between runs. */

import { z } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { readWholeFile } from '../../files/file-calls.ts';
import { replaceFile } from '../../system/durable-files.ts';
import { withLockFile } from '../../system/lock-file.ts';
import { requireTrusted } from '../../system/trusted-path.ts';

const hourMs = 3_600_000;
const journal = z.object({ madeAtMs: z.array(z.number()).max(100_000) });

/** The last hour of one file. */
export class HourlyCap {
  readonly #path: string;
  readonly #most: number;

  /** @param path of the file, in a directory that is there */
  constructor(path: string, most: number) {
    this.#path = path;
    this.#most = most;
  }

  /**
   * Notes one before it is made: rather one too few than one too many.
   *
   * @returns false when no more may be made now
   * @throws CourierError CONFIG when the file is damaged or others may change it; LOCAL
   */
  take(nowMs: number): Promise<boolean> {
    return withLockFile(`${this.#path}.lock`, async () => {
      const before = await this.#read(nowMs);
      if (before.length >= this.#most) return false;
      await this.#write([...before, nowMs]);
      return true;
    });
  }

  /** Takes back one that was noted then, and was not made. */
  giveBack(atMs: number): Promise<void> {
    return withLockFile(`${this.#path}.lock`, async () => {
      const before = await this.#read(atMs);
      const index = before.lastIndexOf(atMs);
      if (index >= 0) await this.#write(before.toSpliced(index, 1));
    });
  }

  #write(madeAtMs: readonly number[]): Promise<void> {
    return replaceFile(this.#path, `${JSON.stringify({ madeAtMs })}\n`);
  }

  /** A clock that was set back lets nobody make more. */
  async #read(nowMs: number): Promise<readonly number[]> {
    await requireTrusted(this.#path);
    const text = await readWholeFile(this.#path, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return '{"madeAtMs":[]}';
      throw asCourierError(error, `reading ${this.#path}`);
    });
    return parse(text, this.#path).filter((atMs) => Math.abs(nowMs - atMs) < hourMs);
  }
}

function parse(text: string, path: string): readonly number[] {
  try {
    return journal.parse(JSON.parse(text)).madeAtMs;
  } catch (error) {
    throw new CourierError('CONFIG', `${path}: is damaged; remove it`, { cause: error });
  }
}
