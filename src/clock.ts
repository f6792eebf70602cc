/** Time as the program sees it, so that tests can set it. */

// `performance.now()` would do the same, but what is behind it takes 1 ms to load.
import { hrtime } from 'node:process';

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since some moment, for lengths of time: it is never set. */
  monotonic(): number;
  /** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => Number(hrtime.bigint()) / 1e6,
  async sleep(delayMs, signal) {
    let leftMs = delayMs;
    do {
      const timerMs = Math.min(leftMs, longestTimerMs);
      await runTimer(timerMs, signal);
      leftMs -= timerMs;
    } while (leftMs > 0);
  },
};

/** What `monotonic` returns, for a thread that is started from text. */
export const monotonicExpression = 'Number(process.hrtime.bigint()) / 1e6';

/** A longer one would end at once: 24.8 days. */
export const longestTimerMs = 2 ** 31 - 1;

function runTimer(timerMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, timerMs);
    signal.addEventListener('abort', abort, { once: true });
  });
}
