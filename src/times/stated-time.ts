/** When a peer says something was made. */

import { quote } from '../faults/errors.ts';
import { readTime } from './read-time.ts';

/** A time that is stated, but that nobody here can read: not the same as none. */
export interface UnreadableTime {
  /** Where it stands and what it says, for messages: `Last-Modified "yesterday"`. */
  readonly unreadable: string;
}

/** Undefined when no time is stated. */
export type StatedTime = Date | UnreadableTime | undefined;

/**
 * Reads a time a peer states.
 *
 * @param name of the field it stands in, for messages
 * @param text what is there, which may be nothing; undefined when the field is not
 * @param read gives milliseconds since the epoch, or undefined
 */
export function readStatedTime(
  name: string,
  text: string | undefined,
  read: typeof readTime = readTime,
): StatedTime {
  if (text === undefined) return undefined;
  const ms = read(text);
  return ms === undefined ? { unreadable: `${name} ${quote(text)}` } : new Date(ms);
}

/** The oldest of several; one that cannot be read may be older than all. */
export function oldestOf(times: readonly StatedTime[]): StatedTime {
  const unreadable = times.find(isUnreadable);
  if (unreadable !== undefined) return unreadable;
  const known = times.filter((time) => time instanceof Date);
  return known.reduce<Date | undefined>(
    (oldest, time) => (oldest === undefined || time < oldest ? time : oldest),
    undefined,
  );
}

/** Whether a time is stated and cannot be read. */
export function isUnreadable(time: StatedTime): time is UnreadableTime {
  return time !== undefined && !(time instanceof Date);
}
