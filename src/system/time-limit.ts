/** Limits of time that end in an abort. */

import { type Clock, systemClock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { formatLimit } from '../times/durations.ts';
import { onAbort } from './on-abort.ts';

export interface TimeLimit {
  /** Left out, the system's. */
  readonly clock?: Clock;
  readonly timeoutMs: number;
  /** What did not happen in time, such as `no agent output from file:///drops/web01`, or the fault. */
  readonly tooSlow: string | (() => CourierError);
}

/** A limit that runs. */
export interface RunningLimit {
  /** Aborts with the fault when the time is over, or with the parent and its reason. */
  readonly signal: AbortSignal;
  /** Lets go of the timer; the signal no longer aborts. May be called twice. */
  stop(): void;
}

/** Starts a limit below a parent signal. */
export function startTimeLimit(limit: TimeLimit, parent: AbortSignal): RunningLimit {
  const { clock = systemClock, timeoutMs } = limit;
  const ended = new AbortController();
  const stopped = new AbortController();
  const abort = () => ended.abort(parent.reason);
  if (parent.aborted) abort();
  const leave = onAbort(parent, abort);
  clock.sleep(timeoutMs, stopped.signal).then(
    () => ended.abort(faultOf(limit)),
    () => undefined,
  );
  const stop = () => {
    leave();
    stopped.abort(nothingWrong);
  };
  return { signal: ended.signal, stop };
}

/** Lends `use` the signal of {@link startTimeLimit}, and lets go of the timer afterwards. */
export async function withTimeLimit<Result>(
  limit: TimeLimit,
  parent: AbortSignal,
  use: (limited: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const running = startTimeLimit(limit, parent);
  try {
    return await use(running.signal);
  } finally {
    running.stop();
  }
}

function faultOf({ tooSlow, timeoutMs }: TimeLimit): CourierError {
  if (typeof tooSlow !== 'string') return tooSlow();
  return new CourierError('TIMEOUT', `${tooSlow} within ${formatLimit(timeoutMs)}`);
}

/** A reason of our own: the one Node would make, with its stack, takes longer than all the rest. */
const nothingWrong = 'no longer needed';
