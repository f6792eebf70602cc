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

/** The newest of them. */
export function newestOf<Message extends Dated>(messages: readonly Message[]): Message | undefined {
  return messages.reduce<Message | undefined>(
    (newest, message) =>
      newest === undefined || compareAge(message, newest) > 0 ? message : newest,
    undefined,
  );
}
