/** A cycle that has ended, in the words of those who hang on the collector. */

import type { FaultCode } from '../faults/errors.ts';
import type { Outgoing } from '../fetching/outgoing.ts';
import type { Seal } from '../fetching/sealed.ts';
import { isSealed } from '../sealing/first-bytes.ts';
import type { Entry } from './entry.ts';
import type { CycledHost, Drop, Outlets } from './outlets.ts';

/** Whom to tell, and what the entry does not know. */
interface Told {
  readonly outlets: Outlets;
  readonly nextMs: number;
  readonly durationMs: number;
}

/**
 * Of old output that stands in, the fault is told.
 *
 * @param came what is not served where output of a former cycle is newer
 */
export function tellOutput(entry: Entry, served: Outgoing, came: Outgoing, told: Told): void {
  if (told.outlets.isEmpty) return;
  const { fault, output, added, producedAt } = served;
  if (fault !== undefined) {
    const { line = fault.message } = entry.lastFault ?? {};
    tellFault(entry, { code: fault.code, line }, told);
    return;
  }
  const { source = '', losses = '', seal } = entry.lastGood ?? {};
  told.outlets.cycleEnded({
    ...describeHost(entry, told),
    kind: 'output',
    // Nothing can be added to what is sealed still.
    parts: isSealed(output) ? [output] : [output, ...added.map((one) => one.output)],
    producedAt,
    source,
    losses,
    sealedBy: seal?.key,
    drop: toDrop(came.found?.seal),
    isFormer: served !== came,
  });
}

function toDrop(seal: Seal | undefined): Drop | undefined {
  return seal && { bytes: seal.drop, producedAt: seal.produced };
}

export function tellFault(
  entry: Entry,
  fault: { readonly code: FaultCode; readonly line: string },
  told: Told,
): void {
  if (told.outlets.isEmpty) return;
  told.outlets.cycleEnded({ ...describeHost(entry, told), kind: 'fault', ...fault });
}

function describeHost({ target, route, routed }: Entry, { nextMs, durationMs }: Told): CycledHost {
  const { maxAgeMs } = route.settings;
  const { everyMs } = routed;
  return { host: target.host, route: route.name, everyMs, maxAgeMs, nextMs, durationMs };
}
