/** How often each host is to ask, as the plan has it. */

import type { HostName } from '../../names/host-name.ts';
import type { UpdatePlaces } from './places.ts';
import { readPlan } from './plan.ts';
import { WatchedFile } from './watched-file.ts';

/** Where no rule says anything else: an hour. */
export const usualIntervalSeconds = 3600;

export class PlannedIntervals {
  readonly #file: WatchedFile<ReadonlyMap<string, number>>;

  constructor(places: UpdatePlaces) {
    this.#file = new WatchedFile(places.plan, () => readIntervals(places));
  }

  /** A plan that cannot be read keeps no host from asking as often as always. */
  async of(host: HostName): Promise<number> {
    const intervals = await this.#file.read().catch(() => undefined);
    return intervals?.get(host) ?? usualIntervalSeconds;
  }
}

async function readIntervals(places: UpdatePlaces): Promise<ReadonlyMap<string, number>> {
  const { offers = [] } = (await readPlan(places)) ?? {};
  return new Map(
    offers.flatMap(({ hosts, intervalSeconds }) => {
      return intervalSeconds === undefined
        ? []
        : hosts.map((host) => [host, intervalSeconds] as const);
    }),
  );
}
