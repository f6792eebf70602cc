/** Everything one fetch needs to know. */

import { describeLosses } from '../agent-output/validator.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import type { ReportKind } from '../routes/route.ts';
import type { Target } from '../transports/source.ts';
import type { LendTransport } from '../transports/transport.ts';
import type { OutputRules } from './accept.ts';
import type { Accepted, NoteAttempt, SourceStep, Taken } from './attempt.ts';
import { toSourceError } from './faults.ts';
import type { Rests } from './rests.ts';

export interface FetchPlan {
  readonly target: Target;
  readonly steps: readonly SourceStep[];
  readonly rules: OutputRules;
  /** For all sources together. */
  readonly deadlineMs: number;
  /** The longest time for one source; undefined: an equal share of the remaining time. */
  readonly timeoutMs: number | undefined;
  readonly lend: LendTransport;
  readonly noteAttempt?: NoteAttempt;
}

/** A plan with what a routes file may ask for beyond a chain. */
export interface RoutePlan extends FetchPlan {
  /** Sources asked beside the chain; what they bring is added to its output. */
  readonly with: readonly SourceStep[];
  /** For who asks again and again: rests of those that do not answer. */
  readonly rests?: Rests;
  /** The first good output, or the newest of all sources. */
  readonly pick: 'first' | 'freshest';
  /** How old output from the spool may be that stands in when every source failed; 0: none may. */
  readonly graceMs: number;
  readonly report: ReportKind;
}

/** How good output was obtained. */
export interface FoundOutput extends Accepted {
  /** Sources that were asked, this one included. */
  readonly attempts: number;
  /** The outcomes of the sources asked before it: `http UNREACHABLE`. */
  readonly failed: readonly string[];
}

/** Logs which parts some version of the site drops. */
export function warnOfLosses({ losses, step }: Accepted, { host }: Target, log: Logger): void {
  if (losses.length > 0) log.warn({ transport: step.name, host }, describeLosses(losses));
}

/** Takes all of the accepted output at once; rejects when its reader does not take it. */
export type Deliver = (found: FoundOutput) => Promise<void>;

/** Delivers, and returns the outcome. Never rejects. */
export async function handOver(
  deliver: Deliver,
  found: FoundOutput,
  target: Target,
): Promise<Taken> {
  try {
    await deliverSealed(deliver, found);
    return 'taken';
  } catch (thrown) {
    const error = asCourierError(thrown, 'delivering');
    return { undelivered: toSourceError({ step: found.step, error }, target) };
  }
}

/** From then on, sealed output older than the delivered one is refused for its host. */
async function deliverSealed(deliver: Deliver, found: FoundOutput): Promise<void> {
  const rise = await found.seal?.prepare();
  try {
    await deliver(found);
  } catch (error) {
    await rise?.discard();
    throw error;
  }
  await rise?.commit();
}
