/** The ways in which the program fetches; every cell of the matrix is run in each. */

import { systemClock } from '../../src/clock.ts';
import { type FaultCode, stderrLine } from '../../src/faults/errors.ts';
import type { OutputRules } from '../../src/fetching/accept.ts';
import type { SourceStep } from '../../src/fetching/attempt.ts';
import { fetchFirst } from '../../src/fetching/chain.ts';
import type { Target } from '../../src/transports/source.ts';
import { withTransport } from '../../src/transports/transport.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { collectOnce } from './collecting.ts';

/** What Checkmk gets: output, or an exit code and the line on stderr. */
export type Outcome =
  | { readonly output: Buffer }
  | { readonly code: FaultCode; readonly line: string };

/** Asks the sources in order, with a limit only for those that have one. */
export type Mode = (
  steps: readonly SourceStep[],
  rules: OutputRules,
  target: Target,
) => Promise<Outcome>;

/** Far beyond what a chain needs on a busy machine. */
export const deadlineMs = 180_000;

const fetchOnce: Mode = async (steps, rules, target) => {
  const context = { ...makeCommandContext(), clock: systemClock };
  const plan = { target, steps, rules, deadlineMs, timeoutMs: undefined, lend: withTransport };
  const delivered: Buffer[] = [];
  const fault = await fetchFirst(plan, context, async ({ output }) => {
    delivered.push(output);
  });
  if (fault === undefined) return { output: Buffer.concat(delivered) };
  return { code: fault.code, line: stderrLine(fault, fault.where ?? ['fetch']) };
};

export const modes: Readonly<Record<string, Mode>> = {
  'one-shot': fetchOnce,
  collector: (steps, rules, target) => collectOnce(steps, rules, target, { deadlineMs }),
};
