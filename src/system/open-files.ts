/** How many files, sockets and pipes this process may have open. */

import { readdirSync, readFileSync } from 'node:fs';
import { CourierError } from '../faults/errors.ts';

/**
 * Descriptors that are opened and closed beside the work itself: files of ours, a thread, name
 * look-ups, systemd-notify.
 */
const reserved = 12;

/** How much work the limit of open files leaves room for. */
export interface Room {
  readonly limit: number;
  /** At least one; infinite where nothing is known. */
  readonly most: number;
}

/**
 * How much work there is room for beside what is open now. Node itself has raised the soft limit
 * to the hard one by then.
 *
 * @param each descriptors that one piece of it takes
 * @throws CourierError LOCAL when not even one fits
 */
export function findRoom(each: number): Room {
  const { limit, open } = countOpenFiles();
  const most = Math.floor((limit - open - reserved) / each);
  if (most >= 1) return { limit, most };
  const needed = open + reserved + each;
  throw new CourierError('LOCAL', `${describeLimit(limit)}, at least ${needed} are needed`);
}

/** What to say where there is less room than was wished for, of `what` such as `connections`. */
export function describeShortage({ limit, most }: Room, wished: number, what: string): string {
  return `${describeLimit(limit)}: ${most} ${what} at once instead of ${wished}`;
}

function describeLimit(limit: number): string {
  return `only ${limit} files may be open (ulimit -n)`;
}

/** Whether so few are left that what is not needed at the moment should be let go. */
export function areFilesScarce(): boolean {
  const { limit, open } = countOpenFiles();
  return open > limit * 0.75;
}

/** Without /proc there is no limit that we know. */
function countOpenFiles(): { readonly limit: number; readonly open: number } {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    const limit = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
    // The directory itself is open while it is read.
    return { limit, open: readdirSync('/proc/self/fd').length - 1 };
  } catch {
    return { limit: Number.POSITIVE_INFINITY, open: 0 };
  }
}
