/** The fallback chain: sources in order, one deadline for all, the first good output wins. */

import type { CommandContext } from '../cli/command.ts';
import type { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { type Attempt, fetchFrom, type SourceStep, type Take, type Taken } from './attempt.ts';
import { shareOf } from './deadline.ts';
import { type SourceFault, summarise, toShortFault, toSourceError } from './faults.ts';
import { type Deliver, type FetchPlan, handOver } from './plan.ts';

/**
 * Asks the sources in order and hands the first output that passes every check to `deliver`.
 *
 * @returns when no source had any: the fault of the last one, naming the codes of the others
 * @throws CourierError when `deliver` fails, and then no other source is asked: a part may be out
 * already
 */
export async function fetchFirst(
  plan: FetchPlan,
  context: CommandContext,
  deliver: Deliver,
): Promise<CourierError | undefined> {
  const endMs = context.clock.monotonic() + plan.deadlineMs;
  const faults: SourceFault[] = [];
  for (const [index, step] of plan.steps.entries()) {
    // Rounded up: a fraction of a millisecond has passed, and a message would name a second less.
    const leftMs = Math.round(endMs - context.clock.monotonic());
    const limitMs = step.timeoutMs ?? plan.timeoutMs;
    const timeoutMs = shareOf(leftMs, plan.steps.length - index, limitMs);
    const before = { attempts: index + 1, failed: faults.map(toShortFault) };
    const take: Take = (accepted) => handOver(deliver, { ...accepted, ...before }, plan.target);
    const outcome = await tryStep(step, { ...plan, timeoutMs }, context, take);
    if (typeof outcome === 'string') return undefined;
    if ('undelivered' in outcome) throw outcome.undelivered;
    if (outcome.error.code === 'INTERRUPTED') return toSourceError(outcome, plan.target);
    faults.push(outcome);
  }
  return summarise(faults, plan.target);
}

/** The outcome of one source. */
async function tryStep(
  step: SourceStep,
  attempt: Attempt,
  context: CommandContext,
  take: Take,
): Promise<Taken | SourceFault> {
  try {
    return await fetchFrom(step, attempt, context, take);
  } catch (thrown) {
    const error = asCourierError(thrown, 'fetching');
    context.log.info({ transport: step.name, code: error.code }, error.message);
    return { step, error };
  }
}
