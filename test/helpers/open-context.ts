/** What a transport gets from its caller, with every part replaceable. */

import { systemClock } from '../../src/clock.ts';
import { defaultMaxSkewMs } from '../../src/times/skew.ts';
import type { OpenContext } from '../../src/transports/transport.ts';
import { type CollectingLog, makeCollectingLog } from './collecting-log.ts';

export interface CollectingContext extends OpenContext {
  readonly log: CollectingLog;
}

/** A context that never aborts, allows 64 MiB, accepts all, and has the real time and an empty environment. */
export function makeOpenContext(
  overrides: Partial<Omit<OpenContext, 'log'>> = {},
): CollectingContext {
  return {
    signal: new AbortController().signal,
    maxOutputBytes: 64 * 1024 * 1024,
    maxSkewMs: defaultMaxSkewMs,
    clock: systemClock,
    accepts: async () => undefined,
    acceptsBy: '',
    env: {},
    ...overrides,
    log: makeCollectingLog(),
  };
}
