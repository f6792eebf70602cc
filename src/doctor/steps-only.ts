/** `--only`: what is asked for, and what that needs. */

import { CourierError, quote } from '../faults/errors.ts';

interface Needing {
  readonly id: string;
  readonly needs: readonly string[];
}

/**
 * The steps that are named and all they rest on, in the order of the table.
 *
 * @throws CourierError USAGE for a step that there is not
 */
export function pickSteps<One extends Needing>(
  steps: readonly One[],
  names: readonly string[],
): readonly One[] {
  if (names.length === 0) return steps;
  const wanted = new Set<string>();
  const add = (name: string): void => {
    const step = steps.find(({ id }) => id === name);
    if (step === undefined) {
      const known = steps.map(({ id }) => id).join(', ');
      throw new CourierError('USAGE', `--only knows ${known}, not ${quote(name)}`);
    }
    wanted.add(name);
    for (const need of step.needs) add(need);
  };
  for (const name of names) add(name);
  return steps.filter(({ id }) => wanted.has(id));
}
