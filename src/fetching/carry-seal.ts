/** A sealed drop on its way to a site that opens it: what can be told without its keys is checked. */

import { CourierError } from '../faults/errors.ts';
import type { HostName } from '../names/host-name.ts';
import { readHeader, requireBody, splitDrop } from '../sealing/drop.ts';
import { fromStamp } from '../sealing/stamp.ts';
import type { CheckContext } from './accept.ts';
import { checkAge } from './age.ts';
import type { SealRules, Unsealed } from './sealed.ts';

/**
 * Leaves a drop as it is. Whether it is signed by its host, its site finds out.
 *
 * @throws CourierError MALFORMED, REFUSED for a drop of another host, STALE
 */
export async function carrySeal(
  drop: Buffer,
  host: HostName,
  { age }: SealRules,
  { clock }: Pick<CheckContext, 'clock'>,
): Promise<Unsealed> {
  const { payload, body } = splitDrop(drop);
  const header = readHeader(payload);
  await requireBody(body, header);
  if (header.host !== host) {
    throw new CourierError('REFUSED', `this is sealed for ${header.host}, not for ${host}`);
  }
  const carried = fromStamp(header.produced);
  checkAge({ origin: `the drop of ${host}`, producedAt: carried }, age, clock);
  return { output: drop, seal: undefined, carried };
}
