/** The first operand of a command that does several things. */

import { CourierError } from '../faults/errors.ts';
import { describeVerb } from '../names/nearest.ts';
import type { CommandContext } from './command.ts';

/** What a verb is given: what stands behind it, and what its command is given. */
export interface VerbTask<Values> {
  readonly operands: readonly string[];
  readonly values: Values;
  readonly context: CommandContext;
}

/**
 * Does what the first operand of the task names, with the rest of them.
 *
 * @throws CourierError USAGE, and what the verb throws
 */
export async function runVerb<Task extends VerbTask<unknown>>(
  verbs: Readonly<Record<string, (task: Task) => Promise<void>>>,
  task: Task,
): Promise<void> {
  const [verb, ...operands] = task.operands;
  await chooseVerb(verbs, verb)({ ...task, operands });
}

/** @throws CourierError USAGE for a verb that is missing or not among them */
export function chooseVerb<Act>(
  verbs: Readonly<Record<string, Act>>,
  verb: string | undefined,
): Act {
  const act = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (act === undefined) throw new CourierError('USAGE', describeVerb(verb, Object.keys(verbs)));
  return act;
}
