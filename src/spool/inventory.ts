/**
 * Looks through a directory of the spool when a writer starts. The calls are synchronous: nothing
 * else is to be done yet, and 20,000 files are then looked at in a third of the time.
 */

import {
  closeSync,
  fstatSync,
  lstatSync,
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
import { counted } from '../names/counted.ts';
import { isTrustedEntry } from '../system/trusted-path.ts';
import type { Kept } from './holdings.ts';
import { isTemporaryName, makeBrokenName, parseFileName } from './names.ts';
import { longestHeaderBytes, readHeader } from './record.ts';

/** Enough to see what went wrong; the spool stays bounded. */
const keptBroken = 32;

/** About what is set aside, of each directory. */
const mostLines = 8;

const noOutput = 'is torn or foreign';
const unreadable = 'may not be read by this user';

/**
 * The outputs in a directory. What was half-way written is removed, what is no output is moved to
 * `broken`. A file whose bytes have changed, but not their number, is found when it is read.
 */
export function takeInventory(directory: string, broken: string, log: Logger): readonly Kept[] {
  const found: Kept[] = [];
  const told: string[] = [];
  for (const name of readdirSync(directory)) {
    if (name.startsWith('.') && !isTemporaryName(name)) continue;
    const kept = unlessGone(() => look(directory, name));
    if (typeof kept === 'string') told.push(setAside(directory, name, broken, kept));
    else if (kept !== undefined) found.push(kept);
  }
  for (const line of told.slice(0, mostLines)) log.warn({}, line);
  const left = told.length - mostLines;
  if (left > 0)
    log.warn({}, `${cleanText(directory)}: the same with ${counted(left, 'more file')}`);
  return found;
}

/** What is set aside stays for a while, in case somebody wants to look at it. */
export function tidyBroken(broken: string, log: Logger): void {
  const older = readdirSync(broken).sort().slice(0, -keptBroken);
  const kept: string[] = [];
  for (const name of older) {
    try {
      rmSync(join(broken, name), { recursive: true, force: true });
    } catch (error) {
      kept.push(errorCode(error) ?? String(error));
    }
  }
  if (kept.length === 0) return;
  const what = `${counted(kept.length, 'thing')} in ${cleanText(broken)} cannot be removed`;
  log.warn({}, `${what}: ${kept[0]}`);
}

/** What is there, or why it is no output of ours. */
function look(directory: string, name: string): Kept | string | undefined {
  if (isTemporaryName(name)) return removeFile(join(directory, name));
  const named = parseFileName(name);
  if (named === undefined) return noOutput;
  const { host, version } = named;
  const opened = openIfFile(join(directory, name));
  if (typeof opened === 'string') return opened;
  const { header, fileBytes } = readAndClose(opened);
  if (header?.host !== host) return noOutput;
  return { summary: { ...header, host }, name, version, fileBytes };
}

/** A link, a socket, a device that nobody answers for, and what somebody else has put there. */
const neverOpened: Readonly<Record<string, string>> = {
  ELOOP: noOutput,
  ENXIO: noOutput,
  ENODEV: noOutput,
  EACCES: unreadable,
  EPERM: unreadable,
};

/** @returns what it is where it is no file */
function removeFile(path: string): string | undefined {
  try {
    unlinkSync(path);
  } catch (error) {
    if (lstatSync(path).isDirectory()) return noOutput;
    throw error;
  }
  return undefined;
}

/** A descriptor, or why there is none: one file is no reason to do without all others. */
function openIfFile(path: string): number | string {
  try {
    return openSync(path, readOnly);
  } catch (error) {
    const why = neverOpened[errorCode(error) ?? ''];
    if (why === undefined) throw error;
    return why;
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

/** @returns what is to be said of it */
function setAside(directory: string, name: string, broken: string, why: string): string {
  const path = join(directory, name);
  const aside = join(broken, makeBrokenName(name));
  try {
    renameSync(path, aside);
    return `${cleanText(path)} ${why}; it is now ${cleanText(aside)}`;
  } catch (error) {
    const code = errorCode(error) ?? String(error);
    return `${cleanText(path)} ${why} and cannot be set aside: ${code}`;
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
