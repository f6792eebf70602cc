/** The first operand of a command that does several things. */

import { CourierError } from '../faults/errors.ts';
import { describeVerb } from '../names/nearest.ts';

/** @throws CourierError USAGE for a verb that is missing or not among them */
export function chooseVerb<Act>(
  verbs: Readonly<Record<string, Act>>,
  verb: string | undefined,
): Act {
  const act = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (act === undefined) throw new CourierError('USAGE', describeVerb(verb, Object.keys(verbs)));
  return act;
}
