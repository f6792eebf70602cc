/** The contract of every transport. test/conformance/transport.ts checks each sentence of it. */

import { type OptionTable, type OptionValues, parseOptions } from '../cli/options.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logging/log.ts';
import { untilAborted } from '../system/until-aborted.ts';
import type { Source, SourceUri, Target } from './source.ts';

/** One way of getting the agent output of a host to this site. */
export interface Transport {
  /**
   * Gets the newest agent output of one host.
   *
   * Resolves with all of it or rejects; never with a part. Rejects with a CourierError and
   * nothing else: when `signal` aborts, soon after and with its reason, which is always a
   * CourierError. May be called again, and for as many hosts at once as `traits.concurrency` says.
   */
  fetch(target: Target, signal: AbortSignal): Promise<Delivery>;

  /** Lets go of sockets, children and temporary files. May be called twice; never rejects. */
  close(): Promise<void>;
}

/** Agent output as it arrived: whole, unparsed, perhaps compressed, perhaps still in the source. */
export interface Delivery {
  readonly output: Buffer;
  /** Where it was, for messages: a URL or path without secrets. */
  readonly origin: string;
  /** When the host produced it, where the transport can know: mtime, Date header, mail date. */
  readonly producedAt: Date | undefined;
  /** Removes it from the source. Called once, after the output was accepted. */
  acknowledge(): Promise<void>;
}

export interface Traits {
  /** How many fetches one open transport serves at a time. */
  readonly concurrency: number;
  /** Whether acknowledging takes it from the source (mail, amqp) or leaves it (http, file). */
  readonly consumes: boolean;
}

/** What a transport gets from its caller. */
export interface OpenContext {
  /** Already carries the transport's name. */
  readonly log: Logger;
  /** Ends an open() that hangs; its reason is a CourierError. */
  readonly signal: AbortSignal;
  /** A fetch that brings more is TOO_LARGE, found before it is all in memory. */
  readonly maxOutputBytes: number;
  readonly clock: Clock;
  /** For `OMD_ROOT` and the like. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the commands, the collector and the README generator see. */
export interface TransportModule {
  readonly options: OptionTable;
  readonly traits: Traits;
  /** Checks options before any I/O, then connects. Leaves nothing open when it rejects. */
  open(source: Source, context: OpenContext): Promise<Transport>;
}

/** Hides a transport's own option types behind TransportModule; values are inferred from the table. */
export function defineTransport<const Table extends OptionTable>(spec: {
  readonly options: Table;
  readonly traits: Traits;
  open(uri: SourceUri, options: OptionValues<Table>, context: OpenContext): Promise<Transport>;
}): TransportModule {
  return {
    options: spec.options,
    traits: spec.traits,
    open: async (source, context) =>
      spec.open(source.uri, parseOptions(spec.options, source.options), context),
  };
}

/** Lends an open transport to `use`. */
export type LendTransport = <Result>(
  module: TransportModule,
  source: Source,
  context: OpenContext,
  use: (transport: Transport) => Promise<Result>,
) => Promise<Result>;

/** Lends an open transport to `use` and closes it afterwards. The only caller of open() and close(). */
export async function withTransport<Result>(
  module: TransportModule,
  source: Source,
  context: OpenContext,
  use: (transport: Transport) => Promise<Result>,
): Promise<Result> {
  const transport = await openInTime(module, source, context);
  try {
    return await use(transport);
  } finally {
    await transport.close();
  }
}

/** A file it has to read may be a FIFO, or on a dead file system; what opens too late is closed. */
async function openInTime(
  module: TransportModule,
  source: Source,
  context: OpenContext,
): Promise<Transport> {
  const opening = module.open(source, context);
  try {
    return await untilAborted(opening, context.signal);
  } catch (error) {
    opening.then(
      (transport) => transport.close(),
      () => undefined,
    );
    throw error;
  }
}
