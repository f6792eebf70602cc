/** Files that go by the SHA-256 of what is in them: targets and packages. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import {
  makeLink,
  pathStatus,
  readWholeFile,
  remove,
  renameFile,
  writeWholeFile,
} from '../../files/file-calls.ts';
import { syncDirectory, toFreshPath } from '../../system/durable-files.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import { digestText } from '../documents/words.ts';

/** 64 hex digits. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Keeps bytes under their digest, unless they are kept already.
 *
 * @param isSynced false where many are kept at once, and the directory is synced afterwards
 * @returns the digest
 * @throws CourierError LOCAL
 */
export async function keepBytes(
  directory: string,
  bytes: Buffer,
  isSynced = true,
): Promise<string> {
  const digest = sha256Of(bytes);
  const path = join(directory, digest);
  const fresh = toFreshPath(path);
  try {
    if (await isThere(path, bytes.length)) return digest;
    await writeWholeFile(fresh, bytes, { mode: 0o600, flush: isSynced });
    await renameFile(fresh, path);
    if (isSynced) await syncDirectory(directory);
    return digest;
  } catch (error) {
    await remove(fresh, { force: true });
    throw asCourierError(error, `writing ${path}`);
  }
}

/**
 * Keeps a file under its digest, as a further name where the file system allows that.
 *
 * @throws CourierError LOCAL
 */
export async function keepFile(directory: string, from: string): Promise<string> {
  const bytes = await readWholeFile(from).catch((error: unknown) => {
    throw asCourierError(error, `reading ${from}`);
  });
  const digest = sha256Of(bytes);
  const path = join(directory, digest);
  if (await isThere(path, bytes.length)) return digest;
  try {
    await makeLink(from, path);
    await syncDirectory(directory);
    return digest;
  } catch {
    return keepBytes(directory, bytes);
  }
}

async function isThere(path: string, size: number): Promise<boolean> {
  try {
    const stats = await pathStatus(path);
    return stats.isFile() && stats.size === size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * What is kept under a digest; undefined where nothing is.
 *
 * @throws CourierError LOCAL when it cannot be read, or is not what was kept
 */
export async function readKept(directory: string, digest: string): Promise<Buffer | undefined> {
  const path = pathOfKept(directory, digest);
  await requireTrusted(path);
  let bytes: Buffer;
  try {
    bytes = await readWholeFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw asCourierError(error, `reading ${path}`);
  }
  if (sha256Of(bytes) === digest) return bytes;
  throw new CourierError('LOCAL', `${path} is damaged: it is not what was kept under that name`);
}

/** @throws CourierError MALFORMED for a text that is no digest, before it is part of a path */
export function pathOfKept(directory: string, digest: string): string {
  if (digestText.test(digest)) return join(directory, digest);
  throw new CourierError('MALFORMED', 'a digest is 64 hexadecimal digits in lower case');
}
