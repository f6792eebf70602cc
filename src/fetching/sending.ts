/**
 * What goes out for a host: good output with our report, or old output when every source failed.
 */

import { markCached } from '../agent-output/mark-cached.ts';
import type { Surroundings } from '../agent-output/own-service.ts';
import type { CommandContext } from '../cli/command.ts';
import { type CourierError, faults } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { SpooledOutput } from '../spool/record.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import { untilAborted } from '../system/until-aborted.ts';
import { passForm } from './accept.ts';
import { fetchFirst } from './chain.ts';
import { fetchFreshest } from './freshest.ts';
import type { FoundOutput, RoutePlan } from './plan.ts';
import { reportFound, reportGrace, surroundWith } from './report.ts';
import { requireOpened } from './sealed.ts';

/** All that goes to stdout, and where it is from. */
export interface Outgoing {
  /** The service of ours, ahead of the output or behind it. */
  readonly report: Surroundings;
  readonly output: Buffer;
  /** Undefined when old output stands in. */
  readonly found: FoundOutput | undefined;
  readonly producedAt: Date;
  /** Why old output stands in. */
  readonly fault: CourierError | undefined;
}

/** All that goes out, in order. */
export function partsOf({ report: { ahead, behind }, output }: Outgoing): readonly Buffer[] {
  return [ahead, output, behind].filter(({ length }) => length > 0);
}

export type Send = (outgoing: Outgoing) => Promise<void>;

/** Reads the last good output of the host from the spool. */
export type ReadKept = () => Promise<SpooledOutput | undefined>;

/**
 * Asks the sources of a route and hands what goes out to `send`, once.
 *
 * @param readKept asked only when every source failed and the route has grace
 * @throws CourierError when every source failed and there is no grace; whatever `send` throws
 */
export async function sendByRoute(
  plan: RoutePlan,
  context: CommandContext,
  readKept: ReadKept,
  send: Send,
): Promise<void> {
  const fetchBest = plan.pick === 'freshest' ? fetchFreshest : fetchFirst;
  const fault = await fetchBest(plan, context, (found) =>
    send(toOutgoing(found, plan, context.clock.now())),
  );
  if (fault === undefined) return;
  const mayStandIn = plan.graceMs > 0 && faults[fault.code].grace;
  const standIn = mayStandIn ? await findGrace(plan, context, readKept, fault) : undefined;
  if (standIn === undefined) throw fault;
  await send(standIn);
}

function toOutgoing(found: FoundOutput, plan: RoutePlan, nowMs: number): Outgoing {
  const producedAt = found.producedAt ?? new Date(nowMs);
  const { output } = found;
  const report = surroundWith(() => reportFound(found, plan, nowMs), output, plan);
  return { report, output, found, producedAt, fault: undefined };
}

/**
 * Sends what went out before, in place of output that came now and was produced earlier: a site
 * must not see a host go back in time.
 *
 * @throws CourierError when it does not pass today's rules
 */
export function sendNewer(
  came: Outgoing,
  kept: SpooledOutput,
  plan: RoutePlan,
  nowMs: number,
): Outgoing {
  const { host } = plan.target;
  const good = passForm(kept.output, plan.rules, host);
  const { producedAt, origin } = kept;
  const { found } = came;
  if (found === undefined) return came;
  const newer = { ...found, ...good, producedAt, origin, seal: undefined };
  const note = `${found.step.name} ${found.origin} has older`;
  const report = surroundWith(() => reportFound(newer, plan, nowMs, note), good.output, plan);
  return { ...came, report, output: good.output, found: newer, producedAt };
}

/** How long a spool may take to answer. */
const spoolMs = 2000;

/**
 * Output from the spool, if it is young enough and passes the present rules; it is marked as old.
 */
export async function findGrace(
  plan: RoutePlan,
  context: CommandContext,
  readKept: ReadKept,
  fault: CourierError,
): Promise<Outgoing | undefined> {
  const { log } = context;
  const { host } = plan.target;
  try {
    const kept = await readInTime(readKept, context);
    if (kept === undefined) return undefined;
    await requireOpened(kept, plan.rules, context);
    const ageMs = context.clock.now() - kept.producedAt.getTime();
    if (ageMs > plan.graceMs || -ageMs > plan.rules.age.maxSkewMs) return undefined;
    const { output: wanted, losses } = passForm(kept.output, plan.rules, host);
    const longestMs = Math.min(plan.rules.age.maxAgeMs, plan.graceMs);
    const output = markCached(wanted, kept.producedAt, longestMs, host);
    const describe = () => reportGrace({ kept, output, losses }, fault, plan, context.clock.now());
    // Old output always carries a report: otherwise nobody would notice.
    const told = plan.report === 'none' ? ({ ...plan, report: 'local' } as const) : plan;
    return {
      report: surroundWith(describe, output, told),
      output,
      found: undefined,
      producedAt: kept.producedAt,
      fault,
    };
  } catch (thrown) {
    const error = asCourierError(thrown, 'looking for older output');
    log.warn({ host, code: error.code }, error.message);
    return undefined;
  }
}

async function readInTime(
  readKept: ReadKept,
  { clock, shutdown }: CommandContext,
): Promise<SpooledOutput | undefined> {
  const limit = { clock, timeoutMs: spoolMs, tooSlow: 'no answer from the spool' };
  return withTimeLimit(limit, shutdown, (signal) => untilAborted(readKept(), signal));
}
