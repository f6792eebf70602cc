/** A timed run of each source of a route, so that people see what a fetch would do. */

import { parseAgentOutput } from '../agent-output/parser.ts';
import type { CommandContext } from '../cli/command.ts';
import type { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { describePassedOver } from '../transports/candidates.ts';
import { showFilled, type Target } from '../transports/source.ts';
import { type Accepted, fetchFrom, type SourceStep } from './attempt.ts';
import { toSourceError } from './faults.ts';
import type { FetchPlan } from './plan.ts';

/** The outcome of asking one source. */
export interface Rehearsed {
  readonly transport: string;
  readonly source: string;
  readonly durationMs: number;
  /** `OK`, or why there is no output. */
  readonly code: string;
  /** Where the output was, or what went wrong. */
  readonly message: string;
  readonly ageMs?: number;
  readonly bytes?: number;
  readonly sections?: number;
  /** Newer things in the source that were passed over, and why. */
  readonly passedOver?: string;
}

/** The outcome together with the fault that a fetch would throw. */
export interface Outcome {
  readonly shown: Rehearsed;
  readonly fault: CourierError | undefined;
  readonly accepted: Accepted | undefined;
}

/** Asks one source as a fetch would, except that nothing is taken from it. Never rejects. */
export async function rehearse(
  step: SourceStep,
  plan: FetchPlan,
  context: CommandContext,
): Promise<Outcome> {
  const { clock } = context;
  const { target, deadlineMs } = plan;
  const timeoutMs = Math.min(deadlineMs, step.timeoutMs ?? plan.timeoutMs ?? deadlineMs);
  const startMs = clock.monotonic();
  const about = { transport: step.name, source: showFilled(step.source.uri, target) };
  let found = { code: 'OK', message: '' };
  let fault: CourierError | undefined;
  let came: Accepted | undefined;
  try {
    await fetchFrom(step, { ...plan, timeoutMs }, context, async (accepted) => {
      came = accepted;
      found = { ...found, ...describe(accepted, target, clock.now()) };
      return 'left';
    });
  } catch (thrown) {
    const error = asCourierError(thrown, 'fetching');
    fault = toSourceError({ step, error }, target);
    found = { code: error.code, message: error.message };
  }
  const durationMs = Math.round(clock.monotonic() - startMs);
  return { shown: { ...about, durationMs, ...found }, fault, accepted: came };
}

function describe(accepted: Accepted, target: Target, nowMs: number) {
  const { output, origin, producedAt, passedOver = [] } = accepted;
  const sections = parseAgentOutput(output, target.host).sections.length;
  const age = producedAt === undefined ? {} : { ageMs: nowMs - producedAt.getTime() };
  const passed = passedOver.length === 0 ? {} : { passedOver: describePassedOver(passedOver) };
  return { message: origin, bytes: output.length, sections, ...age, ...passed };
}
