/** Lengths of time that end in an abort. */

import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { formatDuration } from './durations.ts';

/** A running length of time. */
export interface Timeout {
  /** Aborts with a TIMEOUT when the time is over, or with the parent and its reason. */
  readonly signal: AbortSignal;
  /** Lets go of the timer; the signal no longer aborts. May be called twice. */
  stop(): void;
}

/**
 * Starts a length of time below a parent signal.
 *
 * @param what what did not happen in time, such as `no agent output from file:///drops/web01`
 */
export function startTimeout(
  length: { readonly clock: Clock; readonly timeoutMs: number; readonly what: string },
  parent: AbortSignal,
): Timeout {
  const { clock, timeoutMs, what } = length;
  const ended = new AbortController();
  const stopped = new AbortController();
  const abort = () => ended.abort(parent.reason);
  if (parent.aborted) abort();
  parent.addEventListener('abort', abort, { once: true });
  clock.sleep(timeoutMs, stopped.signal).then(
    () =>
      ended.abort(
        new CourierError('TIMEOUT', `${what} within ${formatDuration(roundMs(timeoutMs))}`),
      ),
    () => undefined,
  );
  const stop = () => {
    parent.removeEventListener('abort', abort);
    stopped.abort(nothingWrong);
  };
  return { signal: ended.signal, stop };
}

/** The part of a millisecond that a share of 2s lacks must not make 1s of it in words. */
function roundMs(timeoutMs: number): number {
  return timeoutMs < 1000 ? Math.ceil(timeoutMs) : Math.round(timeoutMs / 1000) * 1000;
}

/** Lends `use` the signal of {@link startTimeout}, and lets go of the timer afterwards. */
export async function withTimeout<Result>(
  length: Parameters<typeof startTimeout>[0],
  parent: AbortSignal,
  use: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const timeout = startTimeout(length, parent);
  try {
    return await use(timeout.signal);
  } finally {
    timeout.stop();
  }
}

/** Said by us, since the reason Node would make up takes longer than the rest of stopping. */
const nothingWrong = 'no longer needed';

/** What is left of a deadline, shared among the sources still to be asked; at least 1 ms. */
export function shareOf(
  leftMs: number,
  sourcesLeft: number,
  timeoutMs: number | undefined,
): number {
  return Math.max(1, Math.min(Math.floor(leftMs / sourcesLeft), timeoutMs ?? leftMs));
}
