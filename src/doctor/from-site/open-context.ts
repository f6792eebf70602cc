/** What parts of a transport are given when the doctor uses them. */

import { defaultMaxSkewMs } from '../../times/skew.ts';
import type { OpenContext } from '../../transports/transport.ts';
import type { Scene } from './scene.ts';

/** More than any agent prints. */
const mostOutputBytes = 64 * 1024 ** 2;

export function openContext({ context }: Scene, signal: AbortSignal): OpenContext {
  const { log, clock, env } = context;
  const limits = { maxOutputBytes: mostOutputBytes, maxSkewMs: defaultMaxSkewMs };
  return { log, clock, env, signal, ...limits, acceptsBy: '', accepts: async () => undefined };
}
