/** When a message was written and when it arrived. */

import { oldestOf, type StatedTime } from '../times/stated-time.ts';

export interface MessageTimes {
  /** The sender's Date header. */
  readonly datedAt: StatedTime;
  /** When the mailbox got it, by its own clock. */
  readonly arrivedAt: StatedTime;
}

/** The older of the two: output is never younger than its message, and a Date may be wrong. */
export function producedAt({ datedAt, arrivedAt }: MessageTimes): StatedTime {
  return oldestOf([datedAt, arrivedAt]);
}

/** To tell which of two messages is newer, milliseconds since the epoch; 0 when nothing says. */
export function producedMs({ datedAt, arrivedAt }: MessageTimes): number {
  const known = [datedAt, arrivedAt].filter((time) => time instanceof Date);
  return known.length === 0 ? 0 : Math.min(...known.map((time) => time.getTime()));
}

/** `dated 2026-11-20 10:02:00, arrived 2026-11-20 10:05:00 UTC`. */
export function describeTimes({ datedAt, arrivedAt }: MessageTimes): string {
  const dated = datedAt === undefined ? 'without a date' : `dated ${toWords(datedAt)}`;
  const arrived = arrivedAt === undefined ? '' : `, arrived ${toWords(arrivedAt)}`;
  const isAnyKnown = [datedAt, arrivedAt].some((time) => time instanceof Date);
  return `${dated}${arrived}${isAnyKnown ? ' UTC' : ''}`;
}

function toWords(time: Exclude<StatedTime, undefined>): string {
  if (!(time instanceof Date)) return 'unreadably';
  return time.toISOString().slice(0, 19).replace('T', ' ');
}
