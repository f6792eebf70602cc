/** Which of several messages is the newest. */

import { type MessageTimes, producedMs } from './times.ts';

/** A message as far as its age goes. */
export interface Dated extends MessageTimes {
  /** In the order of arrival; decides between messages of the same second. */
  readonly order: number;
}

/** Above zero when `a` is newer than `b`: a message that was long on its way is older than it looks. */
export function compareAge(a: Dated, b: Dated): number {
  return producedMs(a) - producedMs(b) || a.order - b.order;
}

/** All of them, the newest first. */
export function newestFirst<Message extends Dated>(
  messages: readonly Message[],
): readonly Message[] {
  return messages.toSorted((one, other) => compareAge(other, one));
}
