/** Small files that are there whole or not at all, also after a crash. */

import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import {
  changeMode,
  closeFile,
  fileStatus,
  openFile,
  readFromFile,
  readWholeFile,
  remove,
  renameFile,
  syncAll,
  writeWholeFile,
} from '../files/file-calls.ts';
import { writeAll } from '../files/write-all.ts';
import { requireTrusted } from './trusted-path.ts';

const privateMode = 0o600;

/**
 * @throws CourierError LOCAL when it cannot be read; CONFIG when others may change it
 */
export async function readTextFile(path: string): Promise<string> {
  await requireTrusted(path);
  return readWholeFile(path, 'utf8').catch((error: unknown) => {
    throw asCourierError(error, `reading ${path}`);
  });
}

/**
 * The text of a file that need not be there yet.
 *
 * @throws CourierError LOCAL when it cannot be read; CONFIG when others may change it
 */
export async function readTextFileIfThere(path: string): Promise<string> {
  return (await findTextFile(path)) ?? '';
}

/**
 * Undefined for a file that is not there, which is something else than an empty one where that has
 * to be damage: what a crash or a full disk has cut must not read as if it had never been written.
 *
 * @throws CourierError CONFIG when others may change it; LOCAL
 */
export async function findTextFile(path: string): Promise<string | undefined> {
  await requireTrusted(path);
  return readWholeFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw asCourierError(error, `reading ${path}`);
  });
}

/** A name beside a file or directory, for what is to take its place; nobody else has it. */
export function toFreshPath(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.new`;
}

/** Whether a crash may have left a file of that name: {@link toFreshPath} makes such. */
export function isFreshPath(path: string): boolean {
  return /\.[0-9a-f]{12}\.new$/.test(path);
}

/**
 * Writes a file in the place of the one there was; only its owner can read it unless told otherwise.
 *
 * @throws CourierError LOCAL; the old file is still there then
 */
export async function replaceFile(path: string, text: string, mode = privateMode): Promise<void> {
  await replaceWith(path, async (fresh) => {
    await writeWholeFile(fresh, text, { mode: privateMode, flush: true });
    if (mode !== privateMode) await changeMode(fresh, mode);
  });
}

/**
 * The same for a file that need not be in memory at once; only its owner can read it.
 *
 * @throws CourierError LOCAL; the old file is still there then
 */
export async function replaceFileInPieces(
  path: string,
  pieces: Iterable<Uint8Array>,
): Promise<void> {
  await replaceWith(path, async (fresh) => {
    const file = await openFile(fresh, 'wx', privateMode);
    try {
      for (const piece of pieces) {
        await writeAll(file, [Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)]);
      }
      await syncAll(file);
    } finally {
      await closeFile(file);
    }
  });
}

async function replaceWith(path: string, write: (fresh: string) => Promise<void>): Promise<void> {
  const fresh = toFreshPath(path);
  try {
    await write(fresh);
    await renameFile(fresh, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await remove(fresh, { force: true });
    throw asCourierError(error, `writing ${path}`);
  }
}

/**
 * Adds a line that is on disk when this resolves. Several processes may do so at once: it is one
 * write at the file's end. What a crash has left of a line stays a line of its own.
 *
 * @throws CourierError LOCAL
 */
export async function appendLine(path: string, line: string): Promise<void> {
  let file: number | undefined;
  try {
    file = await openFile(path, 'a+', privateMode);
    const { size } = await fileStatus(file);
    const start = size === 0 || (await readByte(file, size - 1)) === lineFeed ? '' : '\n';
    await writeWholeFile(file, `${start}${line}\n`);
    await syncAll(file);
    if (size === 0) await syncDirectory(dirname(path));
  } catch (error) {
    throw asCourierError(error, `writing ${path}`);
  } finally {
    if (file !== undefined) await closeFile(file);
  }
}

const lineFeed = 0x0a;

async function readByte(file: number, position: number): Promise<number | undefined> {
  const buffer = Buffer.alloc(1);
  await readFromFile(file, { buffer, position });
  return buffer[0];
}

/** Without this a crash may undo a rename. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await openFile(path, fs.constants.O_RDONLY);
  try {
    await syncAll(directory);
  } finally {
    await closeFile(directory);
  }
}
