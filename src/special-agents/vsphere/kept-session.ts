/** The session and the time of the last run of one user at one server, kept between two runs. */

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

/** @param key of server, port and user */
export function keepSession(state: KeptState, clock: Clock, key: string): SessionStore {
  const place = `session ${key}`;
  return {
    async read() {
      const kept = await state.read(place);
      const [cookie, atMs] = [fieldOf(kept, 'cookie'), fieldOf(kept, 'atMs')];
      if (typeof cookie !== 'string' || !isSessionCookie(cookie)) return undefined;
      if (typeof atMs !== 'number') return undefined;
      const ageMs = clock.now() - atMs;
      return ageMs >= 0 && ageMs < sessionMs ? cookie : undefined;
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
  const askedMs = fieldOf(await state.read(place), 'askedMs');
  const now = clock.now();
  await state.write(place, { askedMs: now });
  const isKnown = typeof askedMs === 'number' && Number.isFinite(askedMs);
  const backMs = isKnown ? Math.min(longestBackMs, now - askedMs) : firstBackMs;
  return Math.max(1, Math.floor(backMs / 1000 / intervalSeconds));
}

/** Of what was kept, which may be anything. */
function fieldOf(kept: unknown, name: string): unknown {
  return typeof kept === 'object' && kept !== null ? Reflect.get(kept, name) : undefined;
}
