/** Secrets stay inside a Secret until the moment they are sent. */

import { constants, type Stats } from 'node:fs';
import { inspect } from 'node:util';
import type { Environment } from '../cli/environment.ts';
import { CourierError } from '../faults/errors.ts';
import { registerSecret } from '../faults/redaction.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { closeFile, fileStatus, openFile, readWholeFile } from '../files/file-calls.ts';
import type { Logger } from '../logging/log.ts';
import { requireTrusted } from '../system/trusted-path.ts';

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

/** What reading a secret takes of its surroundings. */
export interface SecretContext {
  readonly log: Logger;
  /** Says where the site is whose password store is read. */
  readonly env: Environment;
}

/**
 * `ID:FILE`, which ends its ID at the first colon. The text is not quoted: it could be a password
 * in the wrong place.
 *
 * @throws CourierError USAGE
 */
export function splitReference(reference: string): { readonly id: string; readonly path: string } {
  const [, id, path] = /^([^:]+):(.+)$/s.exec(reference) ?? [];
  if (id !== undefined && path !== undefined) return { id, path };
  throw new CourierError('USAGE', 'must be ID:FILE, the ID of a password and the store it is in');
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
  const bytes = await readPrivateFile(path, { doing, log, largestBytes: largestSecretFile });
  const text = bytes.toString('utf8').replace(/\r?\n$/, '');
  if (text === '') throw new CourierError('CONFIG', `${doing}: the file is empty`);
  return new Secret(text);
}

interface TrustedFileCall {
  /** What it is read for, for the error: `reading --password-file /run/secret`. */
  readonly doing: string;
  readonly largestBytes: number;
}

interface PrivateFileCall extends TrustedFileCall {
  readonly log: Logger;
}

/**
 * Reads all of a regular file that others should not see.
 *
 * @throws CourierError CONFIG when it is too large, not a file, or others may change it; LOCAL when
 * it cannot be read
 */
export function readPrivateFile(path: string, { log, ...call }: PrivateFileCall): Promise<Buffer> {
  return readChecked(path, call, ({ mode }) => {
    if ((mode & 0o007) === 0) return;
    log.warn({ file: path }, 'everybody on this machine may read this secret; chmod 600 it');
  });
}

/**
 * The same of a file that everybody may read, such as a certificate.
 *
 * @throws CourierError as {@link readPrivateFile}
 */
export function readTrustedFile(path: string, call: TrustedFileCall): Promise<Buffer> {
  return readChecked(path, call, () => undefined);
}

async function readChecked(
  path: string,
  { doing, largestBytes }: TrustedFileCall,
  look: (stats: Stats) => void,
): Promise<Buffer> {
  let file: number | undefined;
  try {
    await requireTrusted(path);
    // O_NONBLOCK: a FIFO in the place of the file must not hold us.
    file = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await fileStatus(file);
    requireSmallFile(stats, doing, largestBytes);
    look(stats);
    return await readWholeFile(file);
  } catch (error) {
    throw asCourierError(error, doing);
  } finally {
    if (file !== undefined) await closeFile(file);
  }
}

function requireSmallFile(stats: Stats, doing: string, largestBytes: number): void {
  if (!stats.isFile()) throw new CourierError('CONFIG', `${doing}: not a regular file`);
  if (stats.size > largestBytes) {
    throw new CourierError('CONFIG', `${doing}: larger than ${largestBytes} bytes`);
  }
}
