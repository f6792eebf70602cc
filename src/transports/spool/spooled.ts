/** What a spool holds for a host, as a delivery. */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { requireAccess } from '../../files/file-calls.ts';
import { findFarFault, lookUpRelayed } from '../../relay/looking.ts';
import { wasOpened } from '../../spool/origins.ts';
import { readSpooled } from '../../spool/reading.ts';
import type { Target } from '../source.ts';
import type { Delivery, OpenContext } from '../transport.ts';

/** @throws CourierError NO_OUTPUT, LOCAL, TOO_LARGE; what a relay told of the host since */
export async function fetchSpooled(
  directory: string,
  { host }: Target,
  context: OpenContext,
): Promise<Delivery> {
  const found = await readSpooled(directory, host, context);
  const nowMs = context.clock.now();
  const far = await lookUpRelayed(directory, host, found, nowMs);
  // What the relay told after the output is of now; the output is of the cycle before.
  const fault = far && findFarFault(far, found, nowMs);
  if (fault !== undefined) throw fault;
  const unknown = far?.silence ?? far?.neglect;
  const more = unknown === undefined ? '' : `; ${unknown}`;
  if (found === undefined) {
    await requireAccess(directory).catch((error: unknown) => {
      throw asCourierError(error, `looking into the spool ${directory}`);
    });
    throw new CourierError('NO_OUTPUT', `there is no output of ${host} in ${directory}${more}`);
  }
  const { output, producedAt, receivedAt, origin } = found;
  return {
    output,
    origin: `${directory} (received ${receivedAt.toISOString()}, ${origin}${more})`,
    producedAt,
    ...(wasOpened(found) ? { proof: 'opened' } : {}),
    async acknowledge() {},
  };
}
