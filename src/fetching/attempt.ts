/** One source, asked once. */

import type { CommandContext } from '../command.ts';
import { fillSourceUri, type Source, showUri, type Target } from '../source.ts';
import { asCourierError } from '../system-errors.ts';
import { type Delivery, type TransportModule, withTransport } from '../transport.ts';
import { acceptDelivery, type OutputRules } from './accept.ts';
import { startTimeout } from './deadline.ts';

/** A source together with the transport that serves it. */
export interface SourceStep {
  readonly source: Source;
  /** The transport's name, for messages. */
  readonly name: string;
  readonly module: TransportModule;
}

interface Attempt {
  readonly target: Target;
  readonly rules: OutputRules;
  /** For all from opening to the last check; delivering takes as long as its reader takes. */
  readonly timeoutMs: number;
}

/**
 * open → fetch → checks → deliver → acknowledge → close. A failed acknowledgement is logged,
 * not thrown: the output is out already, and a non-zero exit would make Checkmk drop it.
 *
 * @throws CourierError; whatever `deliver` throws
 */
export async function fetchFrom(
  step: SourceStep,
  { target, rules, timeoutMs }: Attempt,
  context: CommandContext,
  deliver: (output: Buffer) => Promise<void>,
): Promise<void> {
  const { clock, env, shutdown } = context;
  const log = context.log.child({ transport: step.name, host: target.host });
  const what = `no agent output from ${showUri(fillSourceUri(step.source.uri, target))}`;
  const timeout = startTimeout({ clock, timeoutMs, what }, shutdown);
  const openContext = {
    log,
    signal: timeout.signal,
    maxOutputBytes: rules.maxOutputBytes,
    clock,
    env,
  };
  const startMs = clock.now();
  try {
    await withTransport(step.module, step.source, openContext, async (transport) => {
      const delivery = await transport.fetch(target, timeout.signal);
      const output = await acceptDelivery(delivery, target.host, rules, clock);
      timeout.signal.throwIfAborted();
      timeout.stop();
      log.info(describe(delivery, output, clock.now() - startMs), 'agent output accepted');
      await deliver(output);
      await acknowledge(delivery, { ...context, log });
    });
  } finally {
    timeout.stop();
  }
}

/** As long as a peer may take to let go of output that is out already. */
const acknowledgeMs = 5000;

async function acknowledge(
  delivery: Delivery,
  { clock, log, shutdown }: CommandContext,
): Promise<void> {
  const what = `${delivery.origin} was not acknowledged`;
  const timeout = startTimeout({ clock, timeoutMs: acknowledgeMs, what }, shutdown);
  try {
    const ended = Promise.withResolvers<void>();
    timeout.signal.addEventListener('abort', () => ended.reject(timeout.signal.reason));
    await Promise.race([delivery.acknowledge(), ended.promise]);
  } catch (thrown) {
    const error = asCourierError(thrown, 'acknowledging');
    log.warn({ code: error.code }, `acknowledging failed: ${error.message}`);
  } finally {
    timeout.stop();
  }
}

function describe(delivery: Delivery, output: Buffer, durationMs: number): object {
  const { origin, producedAt } = delivery;
  return { origin, bytes: output.length, producedAt: producedAt?.toISOString(), durationMs };
}
