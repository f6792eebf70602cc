/** What ends soon: the root, keys, and published targets. */

import { daysUntil } from '../../sealing/key-end.ts';
import { fromStamp } from '../../sealing/stamp.ts';
import { listKeys } from '../keys/key-ring.ts';
import { readHostTargets } from '../repository/host-targets.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { newestRootVersion, readRootFile } from '../repository/root-files.ts';

/** Something that ends within 90 days, or has ended. */
export interface Ending {
  readonly what: string;
  readonly days: number;
  /** `critical` from 20 days on. */
  readonly severity: 'warning' | 'critical';
  readonly remedy: string;
}

const warnedDays = 90;
const criticalDays = 20;

/**
 * What ends soon, the soonest first.
 *
 * @throws CourierError CONFIG; LOCAL
 */
export async function findEndings(places: UpdatePlaces, nowMs: number): Promise<readonly Ending[]> {
  const root = (await readRootFile(places, await newestRootVersion(places)))?.root;
  const keys = await listKeys(places);
  const trusted = keys.filter(({ id }) => root?.keys.some((key) => key.id === id));
  const targets = [...(await readHostTargets(places.published)).values()];
  const [first] = targets.map(({ expires }) => expires).sort();
  const ends = [
    root && { what: `root ${root.version}`, at: root.expires, remedy: 'updates root renew' },
    ...trusted.map(({ alias, replaceBy }) => ({
      what: `the key ${alias}`,
      at: replaceBy,
      remedy: `updates keys rotate ${alias} NEW`,
    })),
    first && { what: 'the first of the published targets', at: first, remedy: 'updates sign' },
  ];
  return ends
    .flatMap((one) => (one ? [toEnding(one, nowMs)] : []))
    .filter(({ days }) => days < warnedDays)
    .sort((one, other) => one.days - other.days);
}

function toEnding(
  { what, at, remedy }: { readonly what: string; readonly at: string; readonly remedy: string },
  nowMs: number,
): Ending {
  const days = daysUntil(fromStamp(at).getTime(), nowMs);
  return { what, days, remedy, severity: days < criticalDays ? 'critical' : 'warning' };
}

/** `root 3 ends in 12 days; cmk-courier updates root renew`. */
export function describeEnding({ what, days, remedy }: Ending): string {
  const when = days < 0 ? `ended ${-days} days ago` : `ends in ${days} days`;
  return `${what} ${when}; \`cmk-courier ${remedy}\``;
}
