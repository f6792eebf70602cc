/** What sources beside the chain add to its output, each checked once more when it is added. */

import { Joining } from '../agent-output/joining.ts';
import type { Problem } from '../agent-output/problems.ts';
import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { showFilled, type Target } from '../transports/source.ts';
import type { OutputRules } from './accept.ts';
import { checkAge } from './age.ts';
import type { Accepted } from './attempt.ts';
import type { BesideOutcome } from './beside.ts';

/** What a source adds, or why it adds nothing. */
export interface Added {
  readonly transport: string;
  /** Where it was; of a source that failed, which source. */
  readonly source: string;
  readonly producedAt: Date | undefined;
  readonly durationMs: number | undefined;
  /** What goes out, with what has to stand in front of it; empty when nothing does. */
  readonly output: Buffer;
  readonly sections: number;
  /** What was there already, from a source before it: `df`. */
  readonly left: readonly string[];
  readonly losses: readonly Problem[];
  readonly fault: CourierError | undefined;
}

const nothing = Buffer.alloc(0);

/**
 * Adds what came to an output, in the order of the sources.
 *
 * @param first the output that it is added to
 */
export function addAll(
  first: Buffer,
  outcomes: readonly BesideOutcome[],
  [target, rules]: readonly [Target, OutputRules],
  clock: Clock,
): readonly Added[] {
  if (outcomes.length === 0) return [];
  const joining = new Joining(first, target.host);
  let bytes = first.length;
  return outcomes.map((outcome): Added => {
    const failed = toFault(outcome, rules, clock) ?? findTooLarge(outcome, bytes, rules);
    const { step } = outcome;
    const about = { transport: step.name, left: [], losses: [], sections: 0, output: nothing };
    const source = showFilled(step.source.uri, target);
    if ('error' in outcome || failed !== undefined) {
      const unknown = { producedAt: undefined, durationMs: undefined };
      return { ...about, ...unknown, source, fault: failed };
    }
    const { origin, producedAt, durationMs, losses, output } = outcome.accepted;
    const addition = joining.add(output);
    bytes += addition.output.length;
    return {
      ...about,
      source: origin,
      producedAt,
      durationMs,
      losses,
      ...addition,
      fault: undefined,
    };
  });
}

/** Whatever came has waited for the output that it is added to. */
function toFault(outcome: BesideOutcome, { age }: OutputRules, clock: Clock) {
  if ('error' in outcome) return outcome.error;
  try {
    checkAge(outcome.accepted, age, clock);
    return undefined;
  } catch (error) {
    if (error instanceof CourierError) return error;
    throw error;
  }
}

/** The limit is for all that goes to the site: who reads it later has the same. */
function findTooLarge(outcome: BesideOutcome, before: number, { maxOutputBytes }: OutputRules) {
  const bytes = before + ('accepted' in outcome ? outcome.accepted.output.length : 0);
  if (bytes <= maxOutputBytes) return undefined;
  const what = `together with the output it is added to it has ${bytes} bytes`;
  return new CourierError('TOO_LARGE', `${what}, allowed are ${maxOutputBytes}`);
}

/** The outputs that are in use: their sources may let go of them. */
export function acceptedOf(
  outcomes: readonly BesideOutcome[],
  added: readonly Added[],
): ReadonlySet<Accepted> {
  const taken = outcomes.filter((_, index) => added[index]?.fault === undefined);
  return new Set(taken.flatMap((outcome) => ('accepted' in outcome ? [outcome.accepted] : [])));
}
