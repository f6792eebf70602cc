/** The fallback chain: sources in order, one deadline for all, the first good output wins. */

import type { CommandContext } from '../cli/command.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { fetchFrom } from './attempt.ts';
import { shareOf } from './deadline.ts';
import { locate, type SourceFault, summarise, toShortFault } from './faults.ts';
import type { Deliver, FetchPlan } from './plan.ts';

/**
 * Asks the sources in order and hands the first output that passes every check to `deliver`.
 *
 * @throws CourierError of the last source, naming the codes of the others; whatever `deliver`
 * throws, and then no other source is asked: a part may be out already
 */
export async function fetchFirst(
  plan: FetchPlan,
  context: CommandContext,
  deliver: Deliver,
): Promise<void> {
  const endMs = context.clock.monotonic() + plan.deadlineMs;
  const faults: SourceFault[] = [];
  for (const [index, step] of plan.steps.entries()) {
    // Part of a millisecond has passed since; a message would say a second less.
    const leftMs = Math.round(endMs - context.clock.monotonic());
    const limitMs = step.timeoutMs ?? plan.timeoutMs;
    const timeoutMs = shareOf(leftMs, plan.steps.length - index, limitMs);
    let delivering = false;
    try {
      return await fetchFrom(step, { ...plan, timeoutMs }, context, async (accepted) => {
        delivering = true;
        await deliver({ ...accepted, attempts: index + 1, failed: faults.map(toShortFault) });
        return true;
      });
    } catch (thrown) {
      const fault = { step, error: asCourierError(thrown, 'fetching') };
      if (delivering || fault.error.code === 'INTERRUPTED') throw locate(fault, plan.target);
      faults.push(fault);
      context.log.info({ transport: step.name, code: fault.error.code }, fault.error.message);
    }
  }
  throw summarise(faults, plan.target);
}
