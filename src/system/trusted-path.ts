/**
 * Who may change what we believe. A directory or file that decides what is delivered has to belong
 * to us or to root, and nobody else may write to it or to any directory on the way to it: what
 * OpenSSH asks of the files it believes (auth.c, misc.c: safe_path). Three things differ, so that
 * nobody is refused who is safe:
 *
 * - A directory that everybody may write to is fine on the way when it is sticky, as /tmp is: an
 *   entry in it that is ours can be neither replaced nor renamed by others.
 * - A symbolic link is judged by where it leads, and every directory on that way as well.
 * - The group that a user has alone, and root's, may write: sites and umask 002 make such files.
 */

import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { CourierError } from '../faults/errors.ts';
import { linkStatus, readLink } from '../files/file-calls.ts';

/**
 * Refuses what others than us and root may change. What does not exist, or cannot be looked at, is
 * not refused: opening it will fail.
 *
 * @throws CourierError CONFIG naming the entry that others may change, and how
 */
export async function requireTrusted(path: string): Promise<void> {
  const walk = judge(path);
  let step = walk.next();
  while (!step.done) step = walk.next(await look(step.value));
  refuse(path, step.value);
}

/** The same at once, for what is in memory or looked at before anything else is done. */
export function requireTrustedSync(path: string): void {
  const walk = judge(path);
  let step = walk.next();
  while (!step.done) step = walk.next(lookSync(step.value));
  refuse(path, step.value);
}

/** Whether a file, in a directory that is to be trusted itself, is ours or root's alone. */
export function isTrustedEntry(stats: Stats): boolean {
  return isTrustedOwner(stats.uid) && findWriters(stats) === undefined;
}

/** An entry, and what a symbolic link holds. */
interface Seen {
  readonly stats: Stats;
  readonly target: string | undefined;
}

/** What is wrong with an entry. */
interface Objection {
  readonly path: string;
  readonly why: string;
}

/** The most links on one path; more are a circle (path_resolution(7)). */
const mostLinks = 40;

/** Goes the way the kernel goes, and asks for each entry on it by its path. */
function* judge(path: string): Generator<string, Objection | undefined, Seen | undefined> {
  const names = toNames(resolve(path));
  const shared = new Set<string>();
  let at = '/';
  let links = 0;
  for (let name: string | undefined = ''; name !== undefined; name = names.shift()) {
    const entry: string = name === '..' ? dirname(at) : join(at, name);
    const seen = yield entry;
    if (seen === undefined) return undefined;
    if (seen.target !== undefined) {
      // Only in a directory for everybody may a link be a stranger's.
      const stranger = shared.has(at) ? findOwner(entry, seen.stats) : undefined;
      if (stranger !== undefined) return stranger;
      links += 1;
      if (links > mostLinks) return undefined;
      names.unshift(...toNames(seen.target));
      if (isAbsolute(seen.target)) at = '/';
      continue;
    }
    const isOnTheWay = names.length > 0;
    const objection = findOwner(entry, seen.stats) ?? findWritable(entry, seen.stats, isOnTheWay);
    if (objection !== undefined) return objection;
    if (isSticky(seen.stats)) shared.add(entry);
    at = entry;
  }
  return undefined;
}

function toNames(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

async function look(path: string): Promise<Seen | undefined> {
  try {
    const stats = await linkStatus(path);
    return { stats, target: stats.isSymbolicLink() ? await readLink(path) : undefined };
  } catch {
    return undefined;
  }
}

function lookSync(path: string): Seen | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    return { stats, target: stats.isSymbolicLink() ? readlinkSync(path) : undefined };
  } catch {
    return undefined;
  }
}

function isTrustedOwner(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

function findOwner(path: string, { uid }: Stats): Objection | undefined {
  if (isTrustedOwner(uid)) return undefined;
  const we = process.geteuid?.();
  return {
    path,
    why: `belongs to user ${uid}, not to ${we === 0 ? '' : `us (user ${we}) or `}root`,
  };
}

const stickyBit = 0o1000;
const groupWrites = 0o020;
const othersWrite = 0o002;

function isSticky({ mode }: Stats): boolean {
  return (mode & stickyBit) !== 0;
}

function findWritable(path: string, stats: Stats, isOnTheWay: boolean): Objection | undefined {
  if (isOnTheWay && isSticky(stats)) return undefined;
  const writers = findWriters(stats);
  if (writers === undefined) return undefined;
  const why = `is writable for ${writers} (mode ${(stats.mode & 0o7777).toString(8)})`;
  // What is not ours alone, such as /tmp, is to stay as it is.
  const isOurs = stats.uid === process.geteuid?.() && !isSticky(stats);
  return { path, why: isOurs ? `${why}; chmod go-w ${path}` : why };
}

/**
 * A device such as /dev/null does not change when somebody writes to it, so it has no writers that
 * matter.
 */
function findWriters(stats: Stats): string | undefined {
  const { mode, gid } = stats;
  if (stats.isCharacterDevice()) return undefined;
  if ((mode & othersWrite) !== 0) return 'everybody';
  return (mode & groupWrites) !== 0 && !isOwnGroup(gid) ? `group ${gid}` : undefined;
}

/**
 * Whether a group is root's, or the one that was made for our user alone and has its name (as
 * useradd and omd make them). Others may have it as their first group, which /etc/group does not say.
 */
function isOwnGroup(gid: number): boolean {
  if (gid === 0) return true;
  try {
    const start = `${userInfo().username}:`;
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((one) => one.startsWith(start));
    return line?.split(':')[2] === String(gid);
  } catch {
    return false;
  }
}

function refuse(asked: string, objection: Objection | undefined): void {
  if (objection === undefined) return;
  const { path, why } = objection;
  const what = path === resolve(asked) ? 'it' : path;
  throw new CourierError('CONFIG', `others may change ${asked}: ${what} ${why}`);
}
