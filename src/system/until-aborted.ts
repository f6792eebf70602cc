/** Waiting no longer than a signal allows for what cannot be stopped. */

import { onAbort } from './on-abort.ts';

/**
 * Settles as `work` does, or with the signal's reason when it aborts first: a call into a dead
 * network file system may never return. What `work` holds it lets go of when its call returns.
 */
export function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      // Nobody hears of it any more.
      work.catch(() => undefined);
      reject(signal.reason);
    };
    if (signal.aborted) return abort();
    const leave = onAbort(signal, abort);
    work.finally(leave).then(resolve, reject);
  });
}
