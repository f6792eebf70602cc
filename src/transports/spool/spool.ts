/** `spool:`: what the receiver or the collector has stored last for the host. */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { requireAccess } from '../../files/file-calls.ts';
import { findFarFault, lookUpRelayed } from '../../relay/looking.ts';
import { wasOpened } from '../../spool/origins.ts';
import { readSpooled } from '../../spool/reading.ts';
import { lookInto } from '../../system/file-lanes.ts';
import type { Target } from '../source.ts';
import { type Delivery, defineTransport, type OpenContext } from '../transport.ts';
import { findSpoolDirectory } from './location.ts';

export const spool = defineTransport({
  options: {},
  traits: { concurrency: 64, consumes: false },
  async open(uri, _options, context) {
    const directory = findSpoolDirectory(uri, context.env);
    return {
      async fetch(target, signal) {
        signal.throwIfAborted();
        return lookInto(directory, signal, () => fetchSpooled(directory, target, context));
      },
    };
  },
});

async function fetchSpooled(
  directory: string,
  { host }: Target,
  context: OpenContext,
): Promise<Delivery> {
  const found = await readSpooled(directory, host, context);
  const nowMs = context.clock.now();
  const far = await lookUpRelayed(directory, host, nowMs);
  // What the relay told after the output is of now; the output is of the cycle before.
  const fault = far && findFarFault(far, found?.receivedAt, nowMs);
  if (fault !== undefined) throw fault;
  const more = far?.silence === undefined ? '' : `; ${far.silence}`;
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
