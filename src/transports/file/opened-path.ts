/**
 * Opens what a path leads to, safe from tricks: anybody who may write into the directory can put
 * links, FIFOs and devices there, and swap them while we look.
 *
 * So the path is walked once, with O_PATH: O_PATH neither waits for the other end of a FIFO nor
 * touches a device. The file is then judged and read through the descriptor alone. This needs
 * `/proc`, which every Linux has, and a site is always on Linux.
 */

import { type BigIntStats, constants } from 'node:fs';
import type { Clock } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { closeFile, fileStatus, openFile, readFromFile, readLink } from '../../files/file-calls.ts';

/** The name of something, in bytes: not every file name is UTF-8. */
export interface DropEntry {
  readonly path: Buffer;
  /** For messages. */
  readonly shown: string;
}

/**
 * The file that an entry named when it was looked up; it stays the same when the name is given to
 * another file.
 */
export interface OpenedPath {
  readonly stats: BigIntStats;
  /** A path to it under `/proc` that does not depend on its name. */
  readonly handle: string;
  /** Where it really is, all links followed. */
  readonly realPath: Buffer;
}

/** From asm-generic/fcntl.h; the same on every platform Node has for Linux. */
const O_PATH = 0o10000000;

/**
 * Lends what an entry leads to, or undefined when nothing is there.
 *
 * @throws CourierError naming the entry for whatever `use` and the file system throw
 */
export async function withOpenedPath<Result>(
  entry: DropEntry,
  use: (place: OpenedPath | undefined) => Promise<Result>,
): Promise<Result> {
  let descriptor: number | undefined;
  try {
    descriptor = await openFile(entry.path, O_PATH).catch(undefinedIfMissing);
    return await use(descriptor === undefined ? undefined : await toOpenedPath(descriptor));
  } catch (error) {
    throw asCourierError(error, `reading ${entry.shown}`);
  } finally {
    if (descriptor !== undefined) await closeFile(descriptor);
  }
}

async function toOpenedPath(descriptor: number): Promise<OpenedPath> {
  const handle = `/proc/self/fd/${descriptor}`;
  const realPath = await readLink(handle, 'buffer');
  return { stats: await fileStatus(descriptor, { bigint: true }), handle, realPath };
}

function undefinedIfMissing(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error;
}

const slash = Buffer.from('/');

/**
 * Refuses what is not really in the directory, or below it.
 *
 * @throws CourierError REFUSED
 */
export function requireWithin(directory: Buffer, entry: DropEntry, { realPath }: OpenedPath): void {
  const start = directory.equals(slash) ? directory : Buffer.concat([directory, slash]);
  const isWithin = realPath.equals(directory) || realPath.subarray(0, start.length).equals(start);
  if (isWithin) return;
  throw new CourierError('REFUSED', `${entry.shown} leads out of ${directory}, to ${realPath}`);
}

/**
 * Refuses directories, FIFOs, devices and sockets.
 *
 * @throws CourierError MALFORMED
 */
export function requireRegularFile(entry: DropEntry, { stats }: OpenedPath): void {
  if (stats.isFile()) return;
  throw new CourierError('MALFORMED', `${entry.shown} is ${toKind(stats)}, not a regular file`);
}

function toKind(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

/** How reading ends early, and what the time is. */
export interface Reading {
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * All of a regular file, or undefined when it has changed, or may have changed, since it was looked
 * up.
 */
export async function readUnchanged(
  { stats, handle }: OpenedPath,
  { signal, clock }: Reading,
): Promise<Buffer | undefined> {
  if (isFresh(stats, clock)) return undefined;
  const descriptor = await openFile(handle, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.allocUnsafeSlow(Number(stats.size));
    const isFilled = await fill(bytes, descriptor, signal);
    const { size, mtimeNs } = await fileStatus(descriptor, { bigint: true });
    return isFilled && size === stats.size && mtimeNs === stats.mtimeNs ? bytes : undefined;
  } finally {
    await closeFile(descriptor);
  }
}

/**
 * The kernel's mtimes go in steps of up to 10 ms, so a second change right after the first
 * would not show.
 */
function isFresh({ mtimeNs }: BigIntStats, clock: Clock): boolean {
  const ageMs = clock.now() - Number(mtimeNs / 1_000_000n);
  return ageMs >= 0 && ageMs < 20;
}

/** Small enough that an abort is seen soon on a slow disk. */
const chunkBytes = 1024 * 1024;

async function fill(bytes: Buffer, descriptor: number, signal: AbortSignal): Promise<boolean> {
  let filled = 0;
  while (filled < bytes.length) {
    signal.throwIfAborted();
    const length = Math.min(chunkBytes, bytes.length - filled);
    const { bytesRead } = await readFromFile(descriptor, bytes, filled, length, filled);
    if (bytesRead === 0) return false;
    filled += bytesRead;
  }
  return true;
}
