/** Problems → MALFORMED. Nothing else makes a fault of a problem. */

import { CourierError } from '../faults/errors.ts';
import type { Problem } from './problems.ts';
import { checkForm, type FormOptions } from './rules.ts';

/**
 * Requires the form of agent output.
 *
 * @returns the warnings
 * @throws CourierError MALFORMED naming line and rule of the first error
 */
export function requireForm(output: Buffer, options: FormOptions): readonly Problem[] {
  const problems = checkForm(output, options);
  const error = problems.find(({ severity }) => severity === 'error');
  if (error) throw toMalformed(error);
  return problems;
}

/** `line 17: invalid section header "<<<a-b>>>" (rule invalid-name)` */
export function toMalformed({ line, message, rule }: Problem): CourierError {
  return new CourierError('MALFORMED', `line ${line}: ${message} (rule ${rule})`);
}
