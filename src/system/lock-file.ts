/** A lock within this process and between processes: a file that exists while it is held. */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import {
  closeFile,
  makeLink,
  openFile,
  pathStatus,
  readWholeFile,
  remove,
  renameFile,
  writeWholeFile,
} from '../files/file-calls.ts';
import { chance } from './chance.ts';
import { isAlive, processSpace } from './processes.ts';

/**
 * The guarded work takes milliseconds: a process that holds a lock this long hangs, or its machine
 * did.
 */
const staleMs = 10_000;
const longestWaitMs = 15_000;
const stepMs = 10;

/** Within this process the waiting needs no disk. */
const tails = new Map<string, Promise<unknown>>();

/**
 * Does `work` while nobody else does theirs under the same path. The lock of a process that has
 * ended counts for nothing. What the file holds is for us only; its directory must be there.
 *
 * @throws CourierError LOCAL when it cannot be had; whatever `work` throws
 */
export async function withLockFile<Result>(
  path: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const before = tails.get(path) ?? Promise.resolve();
  const turn = before.then(
    () => whileHeld(path, work),
    () => whileHeld(path, work),
  );
  tails.set(path, turn);
  try {
    return await turn;
  } finally {
    if (tails.get(path) === turn) tails.delete(path);
  }
}

async function whileHeld<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const mark = `${await processSpace()} ${process.pid} ${randomBytes(9).toString('hex')}\n`;
  await acquire(path, mark);
  try {
    return await work();
  } finally {
    if ((await read(path)) === mark) await remove(path, { force: true });
  }
}

async function acquire(path: string, mark: string): Promise<void> {
  const giveUpAt = systemClock.monotonic() + longestWaitMs;
  while (!(await tryCreate(path, mark))) {
    if (await isStale(path)) await breakLock(path);
    else if (systemClock.monotonic() < giveUpAt) await sleep(stepMs * (1 + chance()));
    else throw new CourierError('LOCAL', `${path}: another process has been at it for 15s`);
  }
}

async function tryCreate(path: string, mark: string): Promise<boolean> {
  try {
    const file = await openFile(path, 'wx', 0o600);
    try {
      await writeWholeFile(file, mark);
    } catch (error) {
      // An empty one, as on a full disk, would keep everybody out until it is stale.
      await remove(path, { force: true });
      throw error;
    } finally {
      await closeFile(file);
    }
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw asCourierError(error, `locking ${path}`);
  }
}

/** Judged by its process when that process is visible to us, else by the age of the file. */
async function isStale(path: string): Promise<boolean> {
  try {
    const [space, pid] = (await readWholeFile(path, 'utf8')).split(' ');
    if (space === (await processSpace()) && !isAlive(Number(pid))) return true;
    // Either way: one from the future was made before the clock was set back.
    return Math.abs(systemClock.now() - (await pathStatus(path)).mtimeMs) > staleMs;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw asCourierError(error, `locking ${path}`);
  }
}

/**
 * Moved before it is removed: of two processes that break it, neither may remove the lock that the
 * other has taken since.
 */
async function breakLock(path: string): Promise<void> {
  const seen = await read(path);
  const moved = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await renameFile(path, moved);
    if ((await read(moved)) !== seen) await makeLink(moved, path);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(errorCode(error) ?? '')) {
      throw asCourierError(error, `locking ${path}`);
    }
  } finally {
    await remove(moved, { force: true });
  }
}

async function read(path: string): Promise<string | undefined> {
  return readWholeFile(path, 'utf8').catch(() => undefined);
}
