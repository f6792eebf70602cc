/** What lies in the ready directory: files of ours, and nothing else that might be lost there. */

import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { CourierError, quote } from '../faults/errors.ts';
import { errorCode } from '../faults/system-errors.ts';
import { isHostName, isTemporaryName } from './names.ts';
import { anyMark } from './ready-file.ts';

/**
 * Refuses a directory in which something of somebody else lies: what has expired is removed there.
 *
 * @throws CourierError CONFIG
 */
export function requireOnlyOurs(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (isOurs(directory, name)) continue;
    const what = `the ready directory ${directory} holds ${quote(name)}, which is not ours`;
    throw new CourierError('CONFIG', `${what}; --ready must name a directory of its own`);
  }
}

/** Removes what was half-way written, and what expired before a moment; all of it only if ours. */
export function sweep(directory: string, beforeMs: number): void {
  for (const name of readdirSync(directory)) {
    const isHalf = isTemporaryName(name);
    if (!isHalf && !isHostName(name)) continue;
    const path = join(directory, name);
    if (!isHalf && modifiedMs(path) >= beforeMs) continue;
    if (isOurs(directory, name)) remove(path);
  }
}

/** Fine when it is gone. */
export function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Judged by name and first bytes; a file that has vanished counts as ours. */
function isOurs(directory: string, name: string): boolean {
  const isHalf = isTemporaryName(name);
  if (!isHalf && !isHostName(name)) return false;
  const path = join(directory, name);
  const stats = find(path);
  if (stats === undefined) return true;
  if (!stats.isFile()) return false;
  // A file that was begun may still be empty.
  return stats.size === 0 ? isHalf : readBegin(path) === anyMark;
}

/** Infinity when the file has vanished. */
function modifiedMs(path: string): number {
  return find(path)?.mtimeMs ?? Number.POSITIVE_INFINITY;
}

function find(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function readBegin(path: string): string | undefined {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const bytes = Buffer.alloc(anyMark.length);
      return bytes.toString('latin1', 0, readSync(descriptor, bytes));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // A file that we may not even read is not ours.
    return undefined;
  }
}
