/** When a message was written and when it arrived. */

export interface MessageTimes {
  /** The sender's Date header. */
  readonly datedAt: Date | undefined;
  /** When the mailbox got it, by its own clock. */
  readonly arrivedAt: Date | undefined;
}

/** The older of the two: output is never younger than its message, and a Date may be wrong. */
export function producedAt({ datedAt, arrivedAt }: MessageTimes): Date | undefined {
  if (datedAt === undefined || arrivedAt === undefined) return datedAt ?? arrivedAt;
  return datedAt < arrivedAt ? datedAt : arrivedAt;
}

/** `dated 2026-11-20 10:02:00, arrived 2026-11-20 10:05:00 UTC`. */
export function describeTimes({ datedAt, arrivedAt }: MessageTimes): string {
  const dated = datedAt === undefined ? 'without a date' : `dated ${toWords(datedAt)}`;
  const arrived = arrivedAt === undefined ? '' : `, arrived ${toWords(arrivedAt)}`;
  return `${dated}${arrived} UTC`;
}

function toWords(time: Date): string {
  return time.toISOString().slice(0, 19).replace('T', ' ');
}
