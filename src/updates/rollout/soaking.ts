/** How long the newest stage has been open, by a clock that nobody sets. */

import type { Clock } from '../../clock.ts';
import type { Rollout } from '../repository/rollout-file.ts';

export class Soaking {
  #of = '';
  /** Monotonic: when it was opened, as far as that is known. */
  #beganMs = 0;

  /**
   * The moment to judge the soak at, in milliseconds since the epoch. The time of day counts only up
   * to when the stage was first seen: whoever sets it ends no soak, and makes none last for years.
   */
  momentOf({ id, opened }: Rollout, clock: Pick<Clock, 'now' | 'monotonic'>): number {
    const last = opened.at(-1);
    if (last === undefined) return clock.now();
    const openedMs = Date.parse(last.at);
    const of = `${id} ${opened.length}`;
    if (this.#of !== of) {
      this.#of = of;
      this.#beganMs = clock.monotonic() - Math.max(clock.now() - openedMs, 0);
    }
    return openedMs + clock.monotonic() - this.#beganMs;
  }
}
