/** Problems → MALFORMED. Nothing else makes a fault of a problem. */

import { CourierError } from '../faults/errors.ts';
import type { Problem } from './problems.ts';
import { checkForm, type FormOptions } from './rules.ts';

/**
 * Requires the form of agent output.
 *
 * @returns what is lost on some site or other
 * @throws CourierError MALFORMED naming line and rule of the first error; when strict, of the first
 * loss, too
 */
export function requireForm(output: Buffer, options: FormOptions): readonly Problem[] {
  const problems = checkForm(output, options);
  const broken = problems.find((problem) => isRefused(problem, options.strict));
  if (broken) throw toMalformed(broken);
  return problems.filter(({ severity }) => severity === 'loss');
}

export function isRefused({ severity }: Problem, strict = false): boolean {
  return severity === 'error' || (strict && severity === 'loss');
}

/** @throws CourierError MALFORMED naming the first of what is there */
export function requireNone([first]: readonly Problem[]): void {
  if (first) throw toMalformed(first);
}

/** How many, and the first of them, which tells what to look for. */
export function describeLosses(losses: readonly Problem[]): string {
  const [first] = losses;
  const count = losses.length === 1 ? '1 loss' : `${losses.length} losses`;
  return first === undefined ? 'no losses' : `${count} on some sites; ${toText(first)}`;
}

/** Which rules they break: whoever sees the same output again and again tells only what changes. */
export function kindsOf(losses: readonly Problem[]): string {
  return [...new Set(losses.map(({ rule }) => rule))].sort().join(' ');
}

/** `line 17: invalid section header "<<<a-b>>>" (rule invalid-name)` */
export function toMalformed(problem: Problem): CourierError {
  return new CourierError('MALFORMED', toText(problem));
}

function toText({ line, message, rule }: Problem): string {
  return `line ${line}: ${message} (rule ${rule})`;
}
