/** The session and the time of the last run of one user at one server, kept between two runs. */

import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import type { KeptState } from '../kept-state.ts';
import { intervalSeconds } from './inventory/counters.ts';
import type { SessionStore } from './session.ts';
import { isSessionCookie } from './soap/session-cookie.ts';

/** As long as a session is used again (vsphere.md#session). */
const sessionMs = 4 * 60 * 60 * 1000;

/** How far back the values of counters are kept by servers. */
const longestBackMs = 60 * 60 * 1000;

/** What the first run takes for the time since the last. */
const firstBackMs = 60_000;

const sessionShape = z.object({ cookie: z.string().refine(isSessionCookie), atMs: z.number() });
const runShape = z.object({ askedMs: z.number() });

/** @param key of server, port and user */
export function keepSession(state: KeptState, clock: Clock, key: string): SessionStore {
  const place = `session ${key}`;
  return {
    async read() {
      const kept = sessionShape.safeParse(await state.read(place));
      if (!kept.success) return undefined;
      const ageMs = clock.now() - kept.data.atMs;
      return ageMs >= 0 && ageMs < sessionMs ? kept.data.cookie : undefined;
    },
    write: (cookie) => state.write(place, { cookie, atMs: clock.now() }),
    forget: () => state.forget(place),
  };
}

/**
 * How many values of each counter have come since the last run, and keeps the time of this one.
 *
 * @returns 1 to 180: a server keeps one for each 20 seconds of the last hour
 */
export async function countSamples(state: KeptState, clock: Clock, key: string): Promise<number> {
  const place = `counters ${key}`;
  const kept = runShape.safeParse(await state.read(place));
  const now = clock.now();
  await state.write(place, { askedMs: now });
  const backMs = kept.success ? Math.min(longestBackMs, now - kept.data.askedMs) : firstBackMs;
  return Math.max(1, Math.floor(backMs / 1000 / intervalSeconds));
}
