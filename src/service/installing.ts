/** Puts service files in place and takes them away again. */

import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { runProgram } from '../system/program/run-program.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import type { FileBeside, Plan } from './plan.ts';
import { fileMark } from './service.ts';

/**
 * Writes what is planned, in place of what we have written before.
 *
 * @param force replaces a file of somebody else, too
 * @throws CourierError USAGE when a file of somebody else is in the way; LOCAL
 */
export function install(plan: Plan, text: string, force: boolean): void {
  const { path, mode, link, besides } = plan;
  if (!force) requireOurs(plan);
  for (const file of besides) writeBeside(file);
  try {
    replaceFile(path, text, mode);
    if (link === undefined) return;
    mkdirSync(dirname(link.path), { recursive: true });
    rmSync(link.path, { force: true });
    symlinkSync(link.target, link.path);
  } catch (error) {
    throw asCourierError(error, `writing ${path}`);
  }
}

function writeBeside({ path, text, mode }: FileBeside): void {
  try {
    replaceFile(path, text, mode);
  } catch (error) {
    throw asCourierError(error, `writing ${path}`);
  }
}

function replaceFile(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  try {
    writeFileSync(temporary, text, { flag: 'wx' });
    chmodSync(temporary, mode);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Longer than an init script takes for it. */
const stopMs = 60_000;

/**
 * Takes away what {@link install} has written; fine when it is gone. An init script stops its
 * service first: without it, nobody could any more.
 *
 * @throws CourierError USAGE when the file is somebody else's; LOCAL
 */
export async function uninstall(plan: Plan, env: Environment, signal: AbortSignal): Promise<void> {
  const { path, link, isScript, besides } = plan;
  requireOurs(plan);
  if (isScript && find(path) !== undefined) await stop(path, env, signal);
  try {
    if (link !== undefined) rmSync(link.path, { force: true });
    for (const { path: beside, isShared } of besides)
      if (!isShared) rmSync(beside, { force: true });
    rmSync(path, { force: true });
  } catch (error) {
    throw asCourierError(error, `removing ${path}`);
  }
}

async function stop(path: string, env: Environment, signal: AbortSignal): Promise<void> {
  const call = { program: path, args: ['stop'], env, maxOutputBytes: 10_000 };
  const notEnding = () => new CourierError('LOCAL', `${path} stop: the service does not end`);
  const limit = { timeoutMs: stopMs, tooSlow: notEnding };
  const end = await withTimeLimit(limit, signal, (limited) => runProgram(call, limited));
  if (end.code !== 0) throw notEnding();
}

/** What stands at a path, and not what a link there leads to. */
function find(path: string) {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw asCourierError(error, `looking at ${path}`);
  }
}

function requireOurs({ path, link: planned, besides }: Plan): void {
  for (const one of [path, ...besides.map((beside) => beside.path)]) {
    if (!isFree(one) && !isMarked(one)) throw somebodyElses(one);
  }
  const link = planned?.path;
  // By its name it is for our script, wherever it leads.
  if (link !== undefined && !isFree(link) && !find(link)?.isSymbolicLink()) {
    throw somebodyElses(link);
  }
}

function isFree(path: string): boolean {
  return find(path) === undefined;
}

function somebodyElses(path: string): CourierError {
  return new CourierError('USAGE', `${path} is there and not ours; install --force replaces it`);
}

const longestStart = 1000;

function isMarked(path: string): boolean {
  if (!find(path)?.isFile()) return false;
  const start = Buffer.alloc(longestStart);
  try {
    const descriptor = openSync(path, 'r');
    try {
      readSync(descriptor, start);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw asCourierError(error, `reading ${path}`);
  }
  return start.toString('latin1').split('\n').slice(0, 2).includes(fileMark);
}
