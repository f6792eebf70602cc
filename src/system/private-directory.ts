/** Directories for files that are there only while they are fetched. */

import { join, resolve } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import {
  linkStatus,
  makeDirectory,
  makeTemporaryDirectory,
  readDirectory,
  remove,
} from '../files/file-calls.ts';
import { isAlive, processSpace } from './processes.ts';
import { requireTrusted } from './trusted-path.ts';

/**
 * Lends an empty directory that only its owner can look into, and removes it with all there is in
 * it, however `use` ends. Directories of processes that ended without removing them are swept
 * first.
 *
 * @throws CourierError LOCAL when it cannot be made; CONFIG when others may put another one in its
 * place; whatever `use` throws
 */
export async function withPrivateDirectory<Result>(
  env: Environment,
  use: (directory: string) => Promise<Result>,
): Promise<Result> {
  const parent = privateParent(env);
  const start = `cmk-courier-${await processSpace()}-`;
  await sweep(parent, start);
  const directory = await makeTemporaryDirectory(join(parent, `${start}${process.pid}-`)).catch(
    (error: unknown) => {
      throw asCourierError(error, `making a directory in ${parent}`);
    },
  );
  try {
    await requireTrusted(directory);
    return await use(directory);
  } finally {
    await removeTree(directory);
  }
}

/** Where private directories are: `$OMD_ROOT/tmp`, else `$TMPDIR`, else `/tmp`. */
export function privateParent(env: Environment): string {
  return env['OMD_ROOT'] ? join(env['OMD_ROOT'], 'tmp') : resolve(env['TMPDIR'] || '/tmp');
}

/**
 * Removes directories of processes that have ended; of those of other users rm leaves alone what it
 * may not remove.
 */
async function sweep(parent: string, start: string): Promise<void> {
  const names = await readDirectory(parent).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith(start))) {
    const [, pid] = /^(\d+)-\w{6}$/.exec(name.slice(start.length)) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) await removeTree(join(parent, name));
  }
}

/** What cannot be removed now is swept by the next process. */
async function removeTree(directory: string): Promise<void> {
  await remove(directory, { recursive: true, force: true }).catch(() => undefined);
}

/**
 * Makes a directory that stays, unless it is there already: ours alone, and not in a place where
 * others could put another one.
 *
 * @param what is kept there, for the fault, such as `control sockets`
 * @throws CourierError LOCAL when it cannot be made; REFUSED or CONFIG when others may use it
 */
export async function makeOwnDirectory(directory: string, what: string): Promise<void> {
  try {
    await makeDirectory(directory, { recursive: true, mode: 0o700 });
    const stats = await linkStatus(directory);
    const isOurs = stats.isDirectory() && stats.uid === process.geteuid?.();
    if (isOurs && (stats.mode & 0o077) === 0) return await requireTrusted(directory);
  } catch (error) {
    throw asCourierError(error, `making ${directory}`);
  }
  const why = 'it must be a directory of our own that nobody else may enter';
  throw new CourierError('REFUSED', `keeping ${what} in ${directory}: ${why}`);
}
