/** All sources at once, and the newest output that passes every check wins. */

import type { CommandContext } from '../cli/command.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { type RunningLimit, startTimeLimit } from '../system/time-limit.ts';
import { type Accepted, fetchFrom, type SourceStep, type Taken } from './attempt.ts';
import { type SourceFault, summarise, toShortFault } from './faults.ts';
import { type Deliver, type FetchPlan, handOver } from './plan.ts';

/** Once one source has delivered, the others have this part of the deadline left. */
const latecomers = 0.1;

/**
 * Asks all sources at the same time and hands the newest output to `deliver`; of equally new ones
 * that of the source named first. Output of unknown age comes behind all others. Only the chosen
 * output is acknowledged. Once one source has delivered, the others have a tenth of the deadline.
 *
 * @returns when no source had any: the fault of the last one, naming the codes of the others
 * @throws CourierError when `deliver` fails
 */
export async function fetchFreshest(
  plan: FetchPlan,
  context: CommandContext,
  deliver: Deliver,
): Promise<CourierError | undefined> {
  return new Contest(plan, context, deliver).run();
}

class Contest {
  readonly #plan: FetchPlan;
  readonly #context: CommandContext;
  readonly #deliver: Deliver;
  readonly #faults = new Map<SourceStep, SourceFault>();
  readonly #arrived = new Map<SourceStep, Accepted>();
  readonly #decided = Promise.withResolvers<Accepted | undefined>();
  /** Ends sources that have not answered when the winner is decided. */
  readonly #over = new AbortController();
  #waiting: RunningLimit | undefined;

  constructor(plan: FetchPlan, context: CommandContext, deliver: Deliver) {
    this.#plan = plan;
    this.#context = context;
    this.#deliver = deliver;
  }

  async run(): Promise<CourierError | undefined> {
    const { steps, target } = this.#plan;
    for (const outcome of await Promise.all(steps.map((step) => this.#ask(step)))) {
      if (typeof outcome === 'object') throw outcome.undelivered;
    }
    if (this.#arrived.size > 0) return undefined;
    const faults = steps.map((step) => this.#faults.get(step));
    return summarise(
      faults.filter((fault) => fault !== undefined),
      target,
    );
  }

  /** Resolves when the source has failed, or when its output has won or lost. */
  async #ask(step: SourceStep): Promise<Taken> {
    const { deadlineMs, timeoutMs } = this.#plan;
    const limitMs = Math.min(deadlineMs, step.timeoutMs ?? timeoutMs ?? deadlineMs);
    const attempt = { ...this.#plan, timeoutMs: limitMs, cancel: this.#over.signal };
    try {
      return await fetchFrom(step, attempt, this.#context, (accepted) => this.#compete(accepted));
    } catch (thrown) {
      this.#fail({ step, error: asCourierError(thrown, 'fetching') });
      return 'left';
    }
  }

  /** Waits for the decision; the winner's output is delivered. */
  async #compete(accepted: Accepted): Promise<Taken> {
    this.#arrive(accepted);
    if ((await this.#decided.promise) !== accepted) return 'left';
    const { steps, target } = this.#plan;
    const failed = [...this.#faults.values()].map(toShortFault);
    return handOver(this.#deliver, { ...accepted, attempts: steps.length, failed }, target);
  }

  #arrive(accepted: Accepted): void {
    this.#arrived.set(accepted.step, accepted);
    if (this.#waiting === undefined) {
      const { clock, shutdown } = this.#context;
      const timeoutMs = this.#plan.deadlineMs * latecomers;
      this.#waiting = startTimeLimit({ clock, timeoutMs, tooSlow: 'no others' }, shutdown);
      this.#waiting.signal.addEventListener('abort', () => this.#decide());
    }
    this.#decideWhenAllAreIn();
  }

  #fail(fault: SourceFault): void {
    this.#faults.set(fault.step, fault);
    const { code, message } = fault.error;
    this.#context.log.info({ transport: fault.step.name, code }, message);
    this.#decideWhenAllAreIn();
  }

  #decideWhenAllAreIn(): void {
    if (this.#arrived.size + this.#faults.size === this.#plan.steps.length) this.#decide();
  }

  #decide(): void {
    this.#waiting?.stop();
    const inOrder = this.#plan.steps.map((step) => this.#arrived.get(step));
    const [first, ...others] = inOrder.filter((accepted) => accepted !== undefined);
    this.#decided.resolve(
      others.reduce((best, next) => (isNewer(next, best) ? next : best), first),
    );
    // The reason is not TIMEOUT: the peer was not silent, and its breaker must not count it.
    this.#over.abort(new CourierError('INTERRUPTED', 'another source was chosen'));
  }
}

function isNewer(one: Accepted | undefined, other: Accepted | undefined): boolean {
  return (one?.producedAt?.getTime() ?? 0) > (other?.producedAt?.getTime() ?? 0);
}
