/**
 * What goes out for a host: good output with our report, or old output when every source failed.
 */

import type { CommandContext } from '../cli/command.ts';
import { type CourierError, faults } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { SpooledOutput } from '../spool/record.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import { untilAborted } from '../system/until-aborted.ts';
import { passForm } from './accept.ts';
import type { Beside } from './beside.ts';
import { fetchFirst } from './chain.ts';
import { fetchFreshest } from './freshest.ts';
import { type Outgoing, toGrace, toOutgoing } from './outgoing.ts';
import type { FoundOutput, RoutePlan } from './plan.ts';
import type { StandIn } from './report.ts';
import { requireOpened } from './sealed.ts';

export type Send = (outgoing: Outgoing) => Promise<void>;

/** Reads the last good output of the host from the spool. */
export type ReadKept = () => Promise<SpooledOutput | undefined>;

/**
 * Asks the sources of a route and hands what goes out to `send`, once.
 *
 * @param readKept asked only when every source failed and the route has grace
 * @throws CourierError when every source failed and there is no grace, whatever came of sources
 * beside the chain; whatever `send` throws
 */
export async function sendByRoute(
  plan: RoutePlan,
  context: CommandContext,
  readKept: ReadKept,
  send: Send,
): Promise<void> {
  const sender = new Sender(plan, context, send);
  await sender.start();
  try {
    const fetchBest = plan.pick === 'freshest' ? fetchFreshest : fetchFirst;
    const fault = await fetchBest(plan, context, (found) => sender.sendFound(found));
    if (fault === undefined) return;
    const mayStandIn = plan.graceMs > 0 && faults[fault.code].grace;
    const standIn = mayStandIn ? await findGrace(plan, context, readKept, fault) : undefined;
    if (standIn === undefined) throw fault;
    await sender.sendStandIn(standIn);
  } finally {
    await sender.end();
  }
}

/** Adds what sources beside the chain bring, and sends all of it. */
class Sender {
  readonly #plan: RoutePlan;
  readonly #context: CommandContext;
  readonly #send: Send;
  /** Undefined when there are no such sources. */
  #beside: Beside | undefined;

  constructor(plan: RoutePlan, context: CommandContext, send: Send) {
    this.#plan = plan;
    this.#context = context;
    this.#send = send;
  }

  /** Sources beside the chain are asked from now on. */
  async start(): Promise<void> {
    if (this.#plan.with.length === 0) return;
    const { Beside } = await import('./beside.ts');
    this.#beside = new Beside(this.#plan, this.#context);
  }

  async sendFound(found: FoundOutput): Promise<void> {
    const beside = await this.#gather(found.producedAt, this.#plan.rules.age.maxAgeMs);
    await this.#sendAll(await toOutgoing({ found, beside }, this.#plan, this.#context.clock));
  }

  async sendStandIn(standIn: StandIn): Promise<void> {
    const beside = await this.#gather(standIn.kept.producedAt, this.#plan.graceMs);
    await this.#sendAll(await toGrace(standIn, beside, this.#plan, this.#context.clock));
  }

  async end(): Promise<void> {
    await this.#beside?.end();
  }

  /** Waits no longer than the output stays good that waits for them. */
  async #gather(producedAt: Date | undefined, longestMs: number) {
    const nowMs = this.#context.clock.now();
    const ageMs = producedAt === undefined ? 0 : nowMs - producedAt.getTime();
    return (await this.#beside?.gather(longestMs - ageMs)) ?? [];
  }

  async #sendAll(outgoing: Outgoing): Promise<void> {
    await this.#send(outgoing);
    if (this.#beside === undefined) return;
    const { acceptedOf } = await import('./added.ts');
    this.#beside.delivered(acceptedOf(outgoing.beside, outgoing.added));
  }
}

/** How long a spool may take to answer. */
const spoolMs = 2000;

/** Output from the spool, if it is young enough and passes the present rules. */
export async function findGrace(
  plan: RoutePlan,
  context: CommandContext,
  readKept: ReadKept,
  fault: CourierError,
): Promise<StandIn | undefined> {
  const { log } = context;
  const { host } = plan.target;
  try {
    const kept = await readInTime(readKept, context);
    if (kept === undefined) return undefined;
    await requireOpened(kept, plan.rules, context);
    const ageMs = context.clock.now() - kept.producedAt.getTime();
    if (ageMs > plan.graceMs || -ageMs > plan.rules.age.maxSkewMs) return undefined;
    return { kept, ...passForm(kept.output, plan.rules, host), fault };
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
