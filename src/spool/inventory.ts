/**
 * Looks through a directory of the spool when a writer starts. The calls are synchronous: nothing
 * else is to be done yet, and 20,000 files are then looked at in a third of the time.
 */

import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { cleanText } from '../faults/errors.ts';
import { errorCode } from '../faults/system-errors.ts';
import { readOnly } from '../files/read-start.ts';
import type { Logger } from '../logging/log.ts';
import { isTrustedEntry } from '../system/trusted-path.ts';
import type { Kept } from './holdings.ts';
import { isTemporaryName, makeBrokenName, parseFileName } from './names.ts';
import { longestHeaderBytes, readHeader } from './record.ts';

/** Enough to see what went wrong; the spool stays bounded. */
const keptBroken = 32;

/**
 * The outputs in a directory. What was half-way written is removed, what is no output is moved to
 * `broken`. A file whose bytes have changed, but not their number, is found when it is read.
 */
export function takeInventory(directory: string, broken: string, log: Logger): readonly Kept[] {
  const found: Kept[] = [];
  for (const name of readdirSync(directory)) {
    if (isTemporaryName(name)) unlessGone(() => unlinkSync(join(directory, name)));
    if (name.startsWith('.')) continue;
    const kept = unlessGone(() => look(directory, name));
    if (kept === 'no output') setAside(directory, name, broken, log);
    else if (kept !== undefined) found.push(kept);
  }
  return found;
}

/** What is set aside stays for a while, in case somebody wants to look at it. */
export function tidyBroken(broken: string): void {
  const older = readdirSync(broken).sort().slice(0, -keptBroken);
  for (const name of older) rmSync(join(broken, name), { recursive: true, force: true });
}

function look(directory: string, name: string): Kept | 'no output' {
  const named = parseFileName(name);
  if (named === undefined) return 'no output';
  const { host, version } = named;
  const opened = openIfFile(join(directory, name));
  if (opened === undefined) return 'no output';
  const { header, fileBytes } = readAndClose(opened);
  if (header?.host !== host) return 'no output';
  return { summary: { ...header, host }, name, version, fileBytes };
}

/** Undefined for a link, for a socket, and for a device that nobody answers for. */
function openIfFile(path: string): number | undefined {
  try {
    return openSync(path, readOnly);
  } catch (error) {
    if (['ELOOP', 'ENXIO', 'ENODEV'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** One buffer for all files, so that none needs memory of its own. */
const begin = Buffer.alloc(longestHeaderBytes);

function readAndClose(descriptor: number) {
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || !isTrustedEntry(stats)) return { header: undefined, fileBytes: 0 };
    const bytesRead = readSync(descriptor, begin);
    return { header: readHeader(begin.subarray(0, bytesRead), stats.size), fileBytes: stats.size };
  } finally {
    closeSync(descriptor);
  }
}

function setAside(directory: string, name: string, broken: string, log: Logger): void {
  const path = join(directory, name);
  const aside = join(broken, makeBrokenName(name));
  try {
    renameSync(path, aside);
    log.warn({}, `${cleanText(path)} is torn or foreign; it is now ${cleanText(aside)}`);
  } catch (error) {
    const why = errorCode(error) ?? String(error);
    log.warn({}, `${cleanText(path)} is torn or foreign and cannot be set aside: ${why}`);
  }
}

/** Another writer may have superseded a file since the directory was listed. */
function unlessGone<Result>(use: () => Result): Result | undefined {
  try {
    return use();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
