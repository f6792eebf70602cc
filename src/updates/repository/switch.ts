/** The master switch: while it is off, no host is offered anything. */

import { isStamp } from '../../sealing/stamp.ts';
import type { UpdatePlaces } from './places.ts';
import { readSmallFile, writeSmallFile } from './small-files.ts';

export interface MasterSwitch {
  readonly isOn: boolean;
  /** When it was last turned, as a stamp; undefined where it never was. */
  readonly since: string | undefined;
  /** Who turned it. */
  readonly by: string | undefined;
}

/**
 * Off until it is turned on.
 *
 * @throws CourierError CONFIG when it is damaged, or others may change it; LOCAL
 */
export async function readSwitch({ switch: path }: UpdatePlaces): Promise<MasterSwitch> {
  const found = await readSmallFile(path, (reader) => ({
    isOn: reader.take('updates', /^(?:on|off)$/) === 'on',
    since: reader.take('since', isStamp),
    by: reader.take('by', /^.{1,100}$/),
  }));
  return found ?? { isOn: false, since: undefined, by: undefined };
}

/** @throws CourierError LOCAL */
export async function writeSwitch(
  { switch: path }: UpdatePlaces,
  { isOn, since, by }: { readonly isOn: boolean; readonly since: string; readonly by: string },
): Promise<void> {
  await writeSmallFile(path, [
    ['updates', isOn ? 'on' : 'off'],
    ['since', since],
    ['by', by],
  ]);
}
