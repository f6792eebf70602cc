/** One source, asked once. */

import type { Problem } from '../agent-output/problems.ts';
import type { CommandContext } from '../cli/command.ts';
import type { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { neverAborts } from '../system/never-aborts.ts';
import { startTimeLimit, withTimeLimit } from '../system/time-limit.ts';
import { untilAborted } from '../system/until-aborted.ts';
import { isUnreadable } from '../times/stated-time.ts';
import { describePassedOver } from '../transports/candidates.ts';
import { fillSourceUri, type Source, showUri, type Target } from '../transports/source.ts';
import type {
  Delivery,
  LendTransport,
  PassedOver,
  TransportModule,
} from '../transports/transport.ts';
import { acceptDelivery, type OutputRules } from './accept.ts';
import { judgeBy, judgeKey } from './judging.ts';
import { daysLeft, endsSoon, type Seal } from './sealed.ts';

/** A source together with the transport that serves it. */
export interface SourceStep {
  readonly source: Source;
  /** The transport's name, for messages. */
  readonly name: string;
  readonly module: TransportModule;
  /** The longest time for this source. */
  readonly timeoutMs?: number;
}

/** Output that passed every check. */
export interface Accepted {
  readonly output: Buffer;
  /** Parts of it that some version of the site drops. */
  readonly losses: readonly Problem[];
  /** Undefined when it had none. */
  readonly seal: Seal | undefined;
  readonly step: SourceStep;
  /** Where it was, for messages. */
  readonly origin: string;
  readonly producedAt: Date | undefined;
  /** What a transport that chooses among several things passed over for this one, and why. */
  readonly passedOver?: PassedOver;
  /** The time from asking to the last check. */
  readonly durationMs: number;
}

/** Whether accepted output was taken, was left in its source, or could not be delivered. */
export type Taken = 'taken' | 'left' | { readonly undelivered: CourierError };

/** Takes all of the accepted output at once. Never rejects. */
export type Take = (accepted: Accepted) => Promise<Taken>;

/** What a source is asked for, under which rules, and for how long. */
export interface Attempt {
  readonly target: Target;
  readonly rules: OutputRules;
  /**
   * For everything from opening to the last check. Delivering is not limited: it takes as long as
   * its reader.
   */
  readonly timeoutMs: number;
  readonly lend: LendTransport;
  /** Ends the attempt early, as long as no output has been accepted. */
  readonly cancel?: AbortSignal;
  readonly noteAttempt?: NoteAttempt;
}

/** How one attempt ended. */
export interface AttemptEnd {
  readonly step: SourceStep;
  readonly durationMs: number;
  /** What was accepted; undefined when there was no good output. */
  readonly accepted?: Accepted;
  readonly error?: CourierError;
}

/** Hears of every attempt, good or not, before anything is done with what came. */
export type NoteAttempt = (end: AttemptEnd) => void;

/**
 * open → fetch → checks → take → acknowledge → close. A failed acknowledgement is logged,
 * not thrown: the output is out already, and a non-zero exit would make Checkmk drop it.
 *
 * @returns what `take` made of it
 * @throws CourierError when the source has no good output
 */
export async function fetchFrom(
  step: SourceStep,
  { target, rules, timeoutMs, lend, cancel, noteAttempt }: Attempt,
  context: CommandContext,
  take: Take,
): Promise<Taken> {
  const { clock, env, shutdown } = context;
  const log = context.log.child({ transport: step.name, host: target.host });
  const what = `no agent output from ${showUri(fillSourceUri(step.source.uri, target))}`;
  const until = cancel === undefined ? shutdown : AbortSignal.any([shutdown, cancel]);
  const limit = startTimeLimit({ clock, timeoutMs, tooSlow: what }, until);
  const openContext = {
    log,
    signal: limit.signal,
    maxOutputBytes: rules.maxOutputBytes,
    maxSkewMs: rules.age.maxSkewMs,
    clock,
    accepts: judgeBy(rules, { clock, env, log }),
    acceptsBy: judgeKey(rules),
    env,
  };
  const startMs = clock.monotonic();
  let isNoted = false;
  try {
    return await lend(step.module, step.source, openContext, async (transport) => {
      const delivery = await transport.fetch(target, limit.signal);
      const passed = await acceptDelivery(delivery, target.host, rules, openContext);
      limit.signal.throwIfAborted();
      limit.stop();
      const { origin, passedOver = [] } = delivery;
      if (passedOver.length > 0) log.info({ origin }, describePassedOver(passedOver));
      if (isUnreadable(delivery.producedAt)) {
        log.warn({ origin }, `any age will do, but ${delivery.producedAt.unreadable} is no time`);
      }
      const durationMs = clock.monotonic() - startMs;
      const accepted = { ...passed, step, origin, passedOver, durationMs };
      log.info(describe(accepted), 'agent output accepted');
      isNoted = true;
      noteAttempt?.({ step, durationMs, accepted });
      if (passed.seal !== undefined && endsSoon(passed.seal, clock.now())) {
        const days = daysLeft(passed.seal, clock.now());
        log.warn({}, `the key "${passed.seal.label}" expires in ${days} days`);
      }
      const taken = await take(accepted);
      if (taken === 'taken') await acknowledge(delivery, { ...context, log });
      return taken;
    });
  } catch (thrown) {
    const error = asCourierError(thrown, 'fetching');
    if (!isNoted) noteAttempt?.({ step, durationMs: clock.monotonic() - startMs, error });
    throw error;
  } finally {
    limit.stop();
  }
}

/** How long an acknowledgement may take. The output is out already, whatever signal comes. */
const acknowledgeMs = 5000;

/** How long an acknowledgement may take once a signal has ended the program. */
const lastAcknowledgeMs = 1000;

async function acknowledge(
  delivery: Delivery,
  { clock, log, shutdown }: CommandContext,
): Promise<void> {
  const what = `${delivery.origin} was not acknowledged`;
  const timeoutMs = shutdown.aborted ? lastAcknowledgeMs : acknowledgeMs;
  const limit = { clock, timeoutMs, tooSlow: what };
  const parent = shutdown.aborted ? neverAborts : shutdown;
  try {
    await withTimeLimit(limit, parent, (signal) => untilAborted(delivery.acknowledge(), signal));
  } catch (thrown) {
    const error = asCourierError(thrown, 'acknowledging');
    log.warn({ code: error.code }, `acknowledging failed: ${error.message}`);
  }
}

function describe({ output, origin, producedAt, durationMs, seal }: Accepted): object {
  return {
    origin,
    bytes: output.length,
    producedAt: producedAt?.toISOString(),
    ...(seal === undefined ? {} : { sealedBy: seal.label }),
    durationMs: Math.round(durationMs),
  };
}
