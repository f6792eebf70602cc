/** Secrets come from files and stay inside a Secret until the moment they are sent. */

import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { inspect } from 'node:util';
import { CourierError } from './errors.ts';
import type { Logger } from './log.ts';
import { registerSecret } from './redaction.ts';
import { asCourierError } from './system-errors.ts';

/** A text that shows itself only when asked by name, never by being printed. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    registerSecret(text);
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

const largestSecretFile = 64 * 1024;

/**
 * Reads a secret from a file: all of it without the line end at its end.
 *
 * @param option the option that named the file, for the error, such as `--password-file`
 * @throws CourierError CONFIG when the file is empty, too large or not a file; LOCAL when it cannot be read
 */
export async function readSecretFile(path: string, option: string, log: Logger): Promise<Secret> {
  const doing = `reading ${option} ${path}`;
  const bytes = await readSmallFile(path, doing, log);
  const text = bytes.toString('utf8').replace(/\r?\n$/, '');
  if (text === '') throw new CourierError('CONFIG', `${doing}: the file is empty`);
  return new Secret(text);
}

/** O_NONBLOCK: a FIFO in the place of the file must not hold us. */
async function readSmallFile(path: string, doing: string, log: Logger): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    checkSecretFile(stats, doing);
    if ((stats.mode & 0o007) !== 0) {
      log.warn({ file: path }, 'everybody on this machine may read this secret; chmod 600 it');
    }
    return await file.readFile();
  } catch (error) {
    throw asCourierError(error, doing);
  } finally {
    await file?.close();
  }
}

function checkSecretFile(stats: Stats, doing: string): void {
  if (!stats.isFile()) throw new CourierError('CONFIG', `${doing}: not a regular file`);
  if (stats.size > largestSecretFile) {
    throw new CourierError('CONFIG', `${doing}: larger than ${largestSecretFile} bytes`);
  }
}
