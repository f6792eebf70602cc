/** What the collector remembers of sources beside a chain, and when it tells of them. */

import type { FaultCode } from '../faults/errors.ts';
import type { Added } from '../fetching/added.ts';

/** How a source beside the chain of a host did in the last cycle that brought output. */
export interface BesideState {
  /** Transport and place. */
  readonly source: string;
  readonly producedAtMs: number | undefined;
  /** How many sections it added. */
  readonly sections: number;
  /** What was there already and was not added. */
  readonly left: readonly string[];
  readonly fault: { readonly code: FaultCode; readonly message: string } | undefined;
}

export function toBesideState(added: Added): BesideState {
  const { transport, source, producedAt, sections, left, fault } = added;
  return {
    source: `${transport} ${source}`,
    producedAtMs: producedAt?.getTime(),
    ...{ sections, left },
    fault: fault && { code: fault.code, message: fault.message },
  };
}

/** Those that fail otherwise than in the cycle before, and those that are back: each is told once. */
export function findChanges(before: readonly BesideState[], now: readonly BesideState[]) {
  const changed = now.filter(({ fault }, index) => fault?.code !== before[index]?.fault?.code);
  return {
    failed: changed.flatMap(({ source, fault }) =>
      fault === undefined ? [] : [{ source, ...fault }],
    ),
    back: changed.filter(({ fault }) => fault === undefined),
  };
}
