/** Waiting no longer than a signal allows for what cannot be stopped. */

/**
 * Settles as `work` does, or with the signal's reason when it aborts first: a call into a dead
 * network file system may never return. What `work` holds it lets go of when its call returns.
 */
export function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject);
  });
}
