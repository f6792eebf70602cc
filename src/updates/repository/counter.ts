/** The counter of targets: it rises with every batch that is made, and never falls. */

import { CourierError } from '../../faults/errors.ts';
import { counterText, highestCounter } from '../documents/words.ts';
import type { UpdatePlaces } from './places.ts';
import { readSmallFile, writeSmallFile } from './small-files.ts';

/**
 * The last counter that was given out; 0 before the first.
 *
 * @throws CourierError CONFIG when the file is damaged, or others may change it; LOCAL
 */
export async function readCounter({ counter }: UpdatePlaces): Promise<number> {
  const read = await readSmallFile(counter, (reader) =>
    Number(reader.take('counter', counterText)),
  );
  return read ?? 0;
}

/**
 * The next counter, which is on disk before anybody signs it. Call it inside of `changeState`.
 *
 * @param atLeast a counter that has been used, as hosts or roots tell
 * @throws CourierError CONFIG; LOCAL
 */
export async function takeCounter(places: UpdatePlaces, atLeast: number): Promise<number> {
  const next = Math.max(await readCounter(places), atLeast) + 1;
  await raiseCounter(places, next);
  return next;
}

/**
 * Raises the counter, and never lowers it. Call it inside of `changeState`.
 *
 * @throws CourierError CONFIG; LOCAL
 */
export async function raiseCounter(places: UpdatePlaces, to: number): Promise<void> {
  if (to > highestCounter) throw new CourierError('CONFIG', `a counter cannot rise to ${to}`);
  if (to <= (await readCounter(places))) return;
  await writeSmallFile(places.counter, [['counter', String(to)]]);
}
