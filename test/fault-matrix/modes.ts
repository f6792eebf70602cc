/** The ways in which the program fetches; every cell of the matrix is run in each. */

import { systemClock } from '../../src/clock.ts';
import { type FaultCode, stderrLine } from '../../src/faults/errors.ts';
import type { OutputRules } from '../../src/fetching/accept.ts';
import type { SourceStep } from '../../src/fetching/attempt.ts';
import { fetchFirst } from '../../src/fetching/chain.ts';
import { summarise } from '../../src/fetching/faults.ts';
import type { Outgoing } from '../../src/fetching/outgoing.ts';
import { sendByRoute } from '../../src/fetching/sending.ts';
import type { Target } from '../../src/transports/source.ts';
import { withTransport } from '../../src/transports/transport.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { delivers, makeStep } from '../helpers/scripted-transport.ts';
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

const main = '<<<matrix_main>>>\n1\n';

/** All sources beside a chain that is well: what they add is the output, and the chain's is always there. */
const fetchBeside: Mode = async (steps, rules, target) => {
  const context = { ...makeCommandContext(), clock: systemClock };
  const chain = [makeStep('main', delivers({ output: Buffer.from(main) }), [])];
  const times = { deadlineMs, timeoutMs: undefined, lend: withTransport };
  const rest = { pick: 'first', graceMs: 0, report: 'none' } as const;
  const plan = { target, rules, steps: chain, with: steps, ...times, ...rest };
  const served: Outgoing[] = [];
  await sendByRoute(
    plan,
    context,
    async () => undefined,
    async (one) => void served.push(one),
  );
  const [whole] = served;
  if (whole?.output.toString() !== main) throw new Error('the output of the chain is not there');
  const added = whole.added.filter(({ fault }) => fault === undefined);
  if (added.length === 0) {
    const faults = whole.added.flatMap(({ fault: error }, index) => {
      const step = steps[index];
      return step === undefined || error === undefined ? [] : [{ step, error }];
    });
    const fault = summarise(faults, target);
    return { code: fault.code, line: stderrLine(fault, fault.where ?? ['fetch']) };
  }
  const closing = '<<<>>>\n'.length;
  return { output: Buffer.concat(added.map(({ output }) => output.subarray(closing))) };
};

export const modes: Readonly<Record<string, Mode>> = {
  'one-shot': fetchOnce,
  with: fetchBeside,
  collector: (steps, rules, target) => collectOnce(steps, rules, target, { deadlineMs }),
};
