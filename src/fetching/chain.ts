/** The fallback chain: sources in order, one deadline for all, the first good output wins. */

import type { CommandContext } from '../command.ts';
import { CourierError, cleanText } from '../errors.ts';
import type { Target } from '../source.ts';
import { asCourierError } from '../system-errors.ts';
import type { OutputRules } from './accept.ts';
import { fetchFrom, type SourceStep } from './attempt.ts';
import { shareOf } from './deadline.ts';

/** Everything one fetch needs to know. */
export interface FetchPlan {
  readonly target: Target;
  readonly steps: readonly SourceStep[];
  readonly rules: OutputRules;
  /** For all sources together. */
  readonly deadlineMs: number;
  /** At most for one source; undefined: an equal share of what is left. */
  readonly timeoutMs: number | undefined;
}

/** Takes all of the accepted output at once. */
export type Deliver = (output: Buffer) => Promise<void>;

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
  const endMs = context.clock.now() + plan.deadlineMs;
  const faults: SourceFault[] = [];
  let delivering = false;
  const deliverOnce: Deliver = (output) => {
    delivering = true;
    return deliver(output);
  };
  for (const [index, step] of plan.steps.entries()) {
    const leftMs = endMs - context.clock.now();
    const timeoutMs = shareOf(leftMs, plan.steps.length - index, plan.timeoutMs);
    try {
      return await fetchFrom(step, { ...plan, timeoutMs }, context, deliverOnce);
    } catch (thrown) {
      const error = asCourierError(thrown, 'fetching');
      if (delivering || error.code === 'INTERRUPTED') throw locate(error, step, plan.target);
      faults.push({ step, error });
      context.log.info({ transport: step.name, code: error.code }, error.message);
    }
  }
  throw summarise(faults, plan.target);
}

interface SourceFault {
  readonly step: SourceStep;
  readonly error: CourierError;
}

/** The last fault in full, the others by code. */
function summarise(faults: readonly SourceFault[], target: Target): CourierError {
  const last = faults.at(-1);
  if (last === undefined) throw new CourierError('USAGE', 'no source given');
  const others = faults.slice(0, -1).map(({ step, error }) => `${step.name} ${error.code}`);
  return locate(last.error, last.step, target, others);
}

/** Leaves room for the other sources in the one line there is. */
const longestWithOthers = 200;

function locate(
  error: CourierError,
  step: SourceStep,
  target: Target,
  others: readonly string[] = [],
): CourierError {
  const message =
    others.length === 0
      ? error.message
      : `${cleanText(error.message, longestWithOthers)}; before it ${others.join(', ')}`;
  return new CourierError(error.code, message, { cause: error, where: [step.name, target.host] });
}
