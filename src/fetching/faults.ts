/** Faults of several sources → the one that is told. */

import { CourierError, cleanText } from '../faults/errors.ts';
import type { Target } from '../transports/source.ts';
import type { SourceStep } from './attempt.ts';

export interface SourceFault {
  readonly step: SourceStep;
  readonly error: CourierError;
}

/** `http UNREACHABLE` */
export function toShortFault({ step, error }: SourceFault): string {
  return `${step.name} ${error.code}`;
}

/** The last fault in full, the others by code. */
export function summarise(faults: readonly SourceFault[], target: Target): CourierError {
  const last = faults.at(-1);
  if (last === undefined) throw new CourierError('USAGE', 'no source given');
  return toSourceError(last, target, faults.slice(0, -1).map(toShortFault));
}

/** Leaves room for the other sources in the one line on stderr. */
const longestWithOthers = 200;

/** The fault with what the line on stderr names in front of it. */
export function toSourceError(
  { step, error }: SourceFault,
  target: Target,
  others: readonly string[] = [],
): CourierError {
  const message =
    others.length === 0
      ? error.message
      : `${cleanText(error.message, longestWithOthers)}; before it ${others.join(', ')}`;
  return new CourierError(error.code, message, { cause: error, where: [step.name, target.host] });
}
