/** Secrets come from files and stay inside a Secret until the moment they are sent. */

import { close, constants, fstat, open, readFile, type Stats } from 'node:fs';
import { inspect, promisify } from 'node:util';
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

// `node:fs/promises` would do the same, but takes 1.5 ms to load.
const openFile = promisify(open);
const closeFile = promisify(close);
const fileStatus = promisify(fstat);
const readWholeFile = promisify(readFile);

async function readSmallFile(path: string, doing: string, log: Logger): Promise<Buffer> {
  let file: number | undefined;
  try {
    // O_NONBLOCK: a FIFO in the place of the file must not hold us.
    file = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await fileStatus(file);
    checkSecretFile(stats, doing);
    if ((stats.mode & 0o007) !== 0) {
      log.warn({ file: path }, 'everybody on this machine may read this secret; chmod 600 it');
    }
    return await readWholeFile(file);
  } catch (error) {
    throw asCourierError(error, doing);
  } finally {
    if (file !== undefined) await closeFile(file);
  }
}

function checkSecretFile(stats: Stats, doing: string): void {
  if (!stats.isFile()) throw new CourierError('CONFIG', `${doing}: not a regular file`);
  if (stats.size > largestSecretFile) {
    throw new CourierError('CONFIG', `${doing}: larger than ${largestSecretFile} bytes`);
  }
}
