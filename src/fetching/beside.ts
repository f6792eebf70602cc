/** Sources that are asked beside the chain; what they bring is added to its output (`with`). */

import type { CommandContext } from '../cli/command.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { type RunningLimit, startTimeLimit, withTimeLimit } from '../system/time-limit.ts';
import { untilAborted } from '../system/until-aborted.ts';
import { type Accepted, fetchFrom, type SourceStep, type Taken } from './attempt.ts';
import type { RoutePlan } from './plan.ts';

/** What came of a source beside the chain. */
export type BesideOutcome =
  | { readonly step: SourceStep; readonly accepted: Accepted }
  | { readonly step: SourceStep; readonly error: CourierError };

/** A source that is being asked. */
interface Asked {
  readonly step: SourceStep;
  readonly outcome: Promise<BesideOutcome>;
  /** Settles when it holds nothing any more. */
  readonly ended: Promise<unknown>;
}

/** A source whose time is over ends soon after, and says better than we can what it waited for. */
const settleMs = 1000;

/** How long sources may take to let go of what they hold, when the output is out already. */
const endMs = 5000;

/**
 * The sources beside a chain, all asked at once from the start. What they have brought stays in them,
 * unacknowledged, until it is delivered.
 */
export class Beside {
  readonly #plan: RoutePlan;
  readonly #context: CommandContext;
  readonly #delivered = new Set<Accepted>();
  /** Resolves when nothing more is delivered. */
  readonly #over = Promise.withResolvers<void>();
  /** Ends sources under way when nothing of them is wanted any more. */
  readonly #cancel = new AbortController();
  readonly #deadline: RunningLimit;
  readonly #asked: readonly Asked[];

  constructor(plan: RoutePlan, context: CommandContext) {
    this.#plan = plan;
    this.#context = context;
    const timeoutMs = plan.deadlineMs + settleMs;
    const limit = { clock: context.clock, timeoutMs, tooSlow: 'it does not end' };
    this.#deadline = startTimeLimit(limit, context.shutdown);
    this.#asked = plan.with.map((step) => this.#ask(step));
  }

  /**
   * Waits for all sources, no longer than the deadline of the fetch. Never rejects.
   *
   * @param longestMs how much longer the output that waits for them stays good
   */
  async gather(longestMs: number): Promise<readonly BesideOutcome[]> {
    const { clock } = this.#context;
    const timeoutMs = Math.min(Math.max(0, longestMs), this.#plan.deadlineMs + settleMs);
    const limit = { clock, timeoutMs, tooSlow: notWaitedFor };
    const running = startTimeLimit(limit, this.#deadline.signal);
    try {
      return await Promise.all(this.#asked.map((asked) => inTime(asked, running.signal)));
    } finally {
      running.stop();
    }
  }

  /** These are out: their sources may let go of them at the end. */
  delivered(accepted: Iterable<Accepted>): void {
    for (const one of accepted) this.#delivered.add(one);
  }

  /** Lets go of all sources. Never rejects. */
  async end(): Promise<void> {
    const { clock, log } = this.#context;
    this.#over.resolve();
    // The reason is not TIMEOUT: the peer was not silent, and its breaker must not count it.
    this.#cancel.abort(new CourierError('INTERRUPTED', 'its output is not waited for any more'));
    this.#deadline.stop();
    const limit = { clock, timeoutMs: endMs, tooSlow: 'sources beside the chain do not end' };
    try {
      await withTimeLimit(limit, this.#context.shutdown, (signal) =>
        untilAborted(Promise.all(this.#asked.map(({ ended }) => ended)), signal),
      );
    } catch (thrown) {
      const { code, message } = asCourierError(thrown, 'ending the sources');
      log.info({ host: this.#plan.target.host, code }, message);
    }
  }

  /** An outcome comes as soon as there is one; what is held until the end has another promise. */
  #ask(step: SourceStep): Asked {
    const { deadlineMs, timeoutMs, rests } = this.#plan;
    const refusal = rests?.refuse(step);
    if (refusal !== undefined) {
      return { step, outcome: Promise.resolve({ step, error: refusal }), ended: Promise.resolve() };
    }
    const limitMs = Math.min(deadlineMs, step.timeoutMs ?? timeoutMs ?? deadlineMs);
    const attempt = { ...this.#plan, timeoutMs: limitMs, cancel: this.#cancel.signal };
    const came = Promise.withResolvers<BesideOutcome>();
    const hold = async (accepted: Accepted): Promise<Taken> => {
      rests?.note(step, undefined);
      came.resolve({ step, accepted });
      await this.#over.promise;
      return this.#delivered.has(accepted) ? 'taken' : 'left';
    };
    const ended = fetchFrom(step, attempt, this.#context, hold).catch((thrown: unknown) => {
      const error = asCourierError(thrown, 'fetching');
      rests?.note(step, error);
      came.resolve({ step, error });
    });
    return { step, outcome: came.promise, ended };
  }
}

/** A source that has not ended by then has failed, whatever it may still do. */
async function inTime({ step, outcome }: Asked, signal: AbortSignal): Promise<BesideOutcome> {
  try {
    return await untilAborted(outcome, signal);
  } catch (thrown) {
    return { step, error: asCourierError(thrown, 'waiting for it') };
  }
}

function notWaitedFor(): CourierError {
  const why = 'the output it is added to would have become too old';
  return new CourierError('TIMEOUT', `not waited for any longer: ${why}`);
}
