/** All of the state in one file, and back (src/updates/README.md#backup). */

import { basename, dirname, join, resolve } from 'node:path';
import type { CommandContext } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import {
  linkStatus,
  makeDirectory,
  pathStatus,
  readDirectory,
  remove,
  renameFile,
  writeWholeFile,
} from '../../files/file-calls.ts';
import { syncDirectory, toFreshPath } from '../../system/durable-files.ts';
import { describeEnd } from '../../system/program/call.ts';
import { runProgram } from '../../system/program/run-program.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import type { Root } from '../documents/root.ts';
import { openFirstRoot, openNextRoot } from '../documents/root-chain.ts';
import { recordDecision } from '../repository/audit.ts';
import { raiseCounter } from '../repository/counter.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import { type UpdatePlaces, updatePlaces } from '../repository/places.ts';
import { newestRootVersion, readRootBytes } from '../repository/root-files.ts';
import { listStandings } from '../server/host-facts.ts';
import { newestTargets } from '../signing/taking-in.ts';
import { highestUsed } from '../signing/used-counters.ts';

/**
 * What is kept, that which refers to something before what it refers to: whatever is published
 * meanwhile, nothing is missing. Tokens are left out, since used ones would be good again.
 */
export const kept: readonly string[] = [
  ...[
    'switch',
    'counter',
    'serial',
    'published',
    'rollout.json',
    'sites',
    'signed',
    'plan.json',
    'keys',
    'stamp.key',
    'stamp.key.next',
  ],
  ...['roots', 'hosts', 'audit.log', 'batches', 'targets', 'packages'],
];

/** How many releases may have been signed since the backup without our knowing. */
const unknownReleases = 1000;

/**
 * Writes a compressed tar archive that only its owner can read. tar is told the whole path, since
 * it takes `a:b` for a file on another machine.
 *
 * @returns its size in bytes
 * @throws CourierError CONFIG where there is no state; LOCAL, also where there is such a file already
 */
export async function backUp(
  places: UpdatePlaces,
  path: string,
  context: CommandContext,
  wanted = kept,
): Promise<number> {
  const there = await listThere(places.directory);
  const names = wanted.filter((name) => there.includes(name));
  if (names.length === 0) throw new CourierError('CONFIG', `nothing is in ${places.directory}`);
  await writeWholeFile(path, '', { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw asCourierError(error, `writing ${path}`);
    throw new CourierError('USAGE', `${path} is there already, and stays as it is`);
  });
  const args = ['-czf', resolve(path), '-C', places.directory, '--exclude=*.new', ...names];
  try {
    // It says 1 when a file was changed meanwhile, such as what a host has just reported.
    await runTar(args, [0, 1], context);
  } catch (error) {
    await remove(path, { force: true });
    throw error;
  }
  const { size } = await pathStatus(path);
  await recordDecision(places, { what: 'backup', before: '', after: path }, context);
  return size;
}

/** What came of a restore. */
export interface Restored {
  readonly rootVersion: number;
  readonly counter: number;
}

/**
 * Puts a backup where there is nothing yet. The counter goes on above all that is known to have
 * been used, and above what may have been used since.
 *
 * @throws CourierError USAGE where there is state already; CONFIG for what is no backup; LOCAL
 */
export async function restore(
  directory: string,
  path: string,
  context: CommandContext,
): Promise<Restored> {
  const there = await findFile(directory);
  if (there !== undefined) {
    const move = 'stop the receiver and move the directory away first';
    throw new CourierError('USAGE', `${there} is there already; ${move}`);
  }
  await requireTrusted(path);
  await pathStatus(path).catch((error: unknown) => {
    throw asCourierError(error, `reading ${path}`);
  });
  const fresh = toFreshPath(directory);
  try {
    await makeDirectory(fresh, { recursive: true, mode: 0o700 });
    await makePrivateDirectory(fresh);
    await runTar(['-xzf', resolve(path), '-C', fresh, '--no-same-owner', '-m'], [0], context);
    const restored = await settle(updatePlaces(context.env, fresh), path, context);
    await remove(directory, { recursive: true, force: true });
    await renameFile(fresh, directory);
    await syncDirectory(dirname(directory));
    return restored;
  } catch (error) {
    await remove(fresh, { recursive: true, force: true });
    throw asCourierError(error, `restoring ${basename(path)}`);
  }
}

async function settle(
  places: UpdatePlaces,
  path: string,
  context: CommandContext,
): Promise<Restored> {
  await requirePlain(places.directory);
  const root = await requireChain(places);
  const standings = await listStandings(places, context.clock);
  const targets = await newestTargets(places);
  const { floorCounter } = root;
  const used = await highestUsed(places, { floorCounter, targets, standings });
  const counter = used + unknownReleases;
  await raiseCounter(places, counter);
  const after = `${path}, counter ${counter}`;
  await recordDecision(places, { what: 'restore', before: 'nothing', after }, context);
  return { rootVersion: root.version, counter };
}

/** Only files and directories of ours, closed to others as they were. */
async function requirePlain(directory: string): Promise<void> {
  for (const name of await readDirectory(directory)) {
    const path = join(directory, name);
    const stats = await linkStatus(path);
    if (stats.isDirectory()) await requirePlain(path);
    else if (!stats.isFile())
      throw new CourierError('CONFIG', `${name} is neither file nor directory`);
    if ((stats.mode & 0o077) !== 0) {
      throw new CourierError('CONFIG', `${name} in it is not closed to others: this is no backup`);
    }
  }
}

/** Every root, each signed by the one before it. */
async function requireChain(places: UpdatePlaces): Promise<Root> {
  const newest = await newestRootVersion(places);
  let root: Root | undefined;
  for (let version = 1; version <= newest; version += 1) {
    const bytes = await readRootBytes(places, version);
    if (bytes === undefined) throw new CourierError('CONFIG', `root ${version} is missing in it`);
    root = root === undefined ? await openFirstRoot(bytes) : await openNextRoot(bytes, root);
  }
  if (root === undefined) throw new CourierError('CONFIG', 'there is no root in it');
  return root;
}

/** A file in it, however deep: directories alone are made by whoever looks, and hold no state. */
async function findFile(directory: string): Promise<string | undefined> {
  for (const name of await listThere(directory)) {
    const path = join(directory, name);
    const found = (await linkStatus(path)).isDirectory() ? await findFile(path) : path;
    if (found !== undefined) return found;
  }
  return undefined;
}

async function listThere(directory: string): Promise<readonly string[]> {
  return readDirectory(directory).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw asCourierError(error, `reading ${directory}`);
  });
}

async function runTar(
  args: readonly string[],
  good: readonly number[],
  { env, shutdown }: CommandContext,
): Promise<void> {
  const call = { program: 'tar', args, env, maxOutputBytes: 100_000, debianPackage: 'tar' };
  const end = await runProgram(call, shutdown);
  if (end.code === null || !good.includes(end.code)) {
    throw new CourierError('LOCAL', `running tar: ${describeEnd(end)}`);
  }
}
