/** Follows a source again and again, as the contract of `subscribe` says. */

import type { CourierError } from '../faults/errors.ts';
import { GrowingPause } from '../system/growing-pause.ts';
import type { OpenContext, Subscriber } from './transport.ts';

export interface Follows {
  readonly subscriber: Subscriber;
  readonly context: Pick<OpenContext, 'clock'>;
  /**
   * Until it is to begin anew; rejects where the source is away. What has succeeded ends the growth of
   * the pause before it.
   */
  follow(pause: GrowingPause): Promise<void>;
  /** What went wrong, in words. */
  toFault(thrown: unknown): CourierError;
}

/** Resolves when the signal has aborted; what ends a follower because of it is not told. */
export async function keepFollowing(
  { subscriber, context, follow, toFault }: Follows,
  signal: AbortSignal,
): Promise<void> {
  const pause = new GrowingPause(context.clock);
  while (!signal.aborted) {
    try {
      await follow(pause);
    } catch (thrown) {
      if (signal.aborted) return;
      subscriber.tell(toFault(thrown));
    }
    await pause.wait(signal);
  }
}
