/** What goes out for a host, put together: output, what is added to it, and our report. */

import { markCached } from '../agent-output/mark-cached.ts';
import type { Surroundings } from '../agent-output/own-service.ts';
import type { Clock } from '../clock.ts';
import type { CourierError } from '../faults/errors.ts';
import type { SpooledOutput } from '../spool/record.ts';
import { passForm } from './accept.ts';
import type { Added } from './added.ts';
import type { BesideOutcome } from './beside.ts';
import type { FoundOutput, RoutePlan } from './plan.ts';
import { type Report, reportFound, reportGrace, type StandIn, surroundWith } from './report.ts';

/** All that goes to stdout, and where it is from. */
export interface Outgoing {
  /** The service of ours, ahead of the output or behind it. */
  readonly report: Surroundings;
  /** That of the chain alone: what is kept of it, and stands in later. */
  readonly output: Buffer;
  /** What sources beside the chain add to it, in their order. */
  readonly added: readonly Added[];
  /** What came of those sources. */
  readonly beside: readonly BesideOutcome[];
  /** Undefined when old output stands in. */
  readonly found: FoundOutput | undefined;
  readonly producedAt: Date;
  /** Why old output stands in. */
  readonly fault: CourierError | undefined;
}

/** All that goes out, in order. */
export function partsOf({ report, output, added }: Outgoing): readonly Buffer[] {
  const parts = [report.ahead, output, ...added.map((one) => one.output), report.behind];
  return parts.filter(({ length }) => length > 0);
}

/** Good output, and what came beside it. */
interface Came {
  readonly found: FoundOutput;
  readonly beside: readonly BesideOutcome[];
  /** Further words on where the output is from. */
  readonly note?: string;
}

export async function toOutgoing(
  { found, beside, note }: Came,
  plan: RoutePlan,
  clock: Clock,
): Promise<Outgoing> {
  const nowMs = clock.now();
  const { output, producedAt = new Date(nowMs) } = found;
  const describe = (added: readonly Added[]) => reportFound(found, added, [plan, note], nowMs);
  const whole = await addTo(output, beside, [plan, clock], describe);
  return { ...whole, output, beside, found, producedAt, fault: undefined };
}

/** Old output that stands in, marked for how old it is. It always carries a report. */
export async function toGrace(
  standIn: StandIn,
  beside: readonly BesideOutcome[],
  plan: RoutePlan,
  clock: Clock,
): Promise<Outgoing> {
  const { kept, fault } = standIn;
  const longestMs = Math.min(plan.rules.age.maxAgeMs, plan.graceMs);
  const output = markCached(standIn.output, kept.producedAt, longestMs, plan.target.host);
  const marked = { ...standIn, output };
  const describe = (added: readonly Added[]) => reportGrace(marked, added, plan, clock.now());
  const whole = await addTo(output, beside, [told(plan), clock], describe);
  return { ...whole, output, beside, found: undefined, producedAt: kept.producedAt, fault };
}

/**
 * Puts what went out before in place of output that came now and was produced earlier: a site must
 * not see a host go back in time.
 *
 * @throws CourierError when it does not pass today's rules
 */
export async function toNewer(
  came: Outgoing,
  kept: SpooledOutput,
  plan: RoutePlan,
  clock: Clock,
): Promise<Outgoing> {
  const { found, beside } = came;
  if (found === undefined) return came;
  const good = passForm(kept.output, plan.rules, plan.target.host);
  const { producedAt, origin } = kept;
  const note = `${found.step.name} ${found.origin} has older`;
  const newer = { ...found, ...good, producedAt, origin, seal: undefined };
  return toOutgoing({ found: newer, beside, note }, plan, clock);
}

/** Most routes have no sources beside the chain, and load no code for them. */
async function addTo(
  output: Buffer,
  beside: readonly BesideOutcome[],
  [plan, clock]: readonly [RoutePlan, Clock],
  describe: (added: readonly Added[]) => Report,
): Promise<Pick<Outgoing, 'added' | 'report'>> {
  if (beside.length === 0) {
    return { added: [], report: surroundWith(() => describe([]), [output], plan) };
  }
  const { addAll } = await import('./added.ts');
  const { target, rules } = plan;
  const added = addAll(output, beside, [target, rules], clock);
  const parts = [output, ...added.map((one) => one.output)];
  // Nobody would notice otherwise that sections are missing.
  const isFaulty = added.some(({ fault }) => fault !== undefined);
  const report = surroundWith(() => describe(added), parts, isFaulty ? told(plan) : plan);
  return { added, report };
}

/** With a report, whether one is asked for or not. */
function told(plan: RoutePlan): RoutePlan {
  return plan.report === 'none' ? { ...plan, report: 'local' } : plan;
}
