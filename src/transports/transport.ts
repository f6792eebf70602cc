/** The contract of every transport. test/conformance/transport.ts checks each sentence of it. */

import type { Environment } from '../cli/environment.ts';
import {
  type OptionTable,
  type OptionValues,
  parseOptions,
  type RawOptions,
} from '../cli/options.ts';
import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import type { Logger } from '../logging/log.ts';
import type { HostName } from '../names/host-name.ts';
import { untilAborted } from '../system/until-aborted.ts';
import type { StatedTime } from '../times/stated-time.ts';
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

  /**
   * Hands over outputs as soon as they are there, for sources to which others push. Left out where a
   * source can only be asked.
   *
   * First the last output of each host that is wanted, then each newer one; the last ones again
   * after a gap or a lost connection, unless they are those that were handed over. Outputs in
   * between may be skipped: the newest always comes. Nothing is handed over of hosts that are not
   * wanted. At most `traits.concurrency` outputs are not yet taken at a time, and one of a host; it
   * waits for the others. A peer that is away is tried again, with pauses that grow to half a minute.
   *
   * Resolves soon after the signal has aborted, with nothing open that was opened for it. Rejects
   * with a CourierError USAGE, CONFIG or LOCAL only, when it cannot even begin.
   */
  readonly subscribe?: ((subscriber: Subscriber, signal: AbortSignal) => Promise<void>) | undefined;

  /**
   * Waits for fetches and subscriptions under way, which end as if nothing had happened, then lets go of sockets,
   * children and temporary files. A fetch that comes later is refused. May be called twice; never
   * rejects.
   */
  close(): Promise<void>;
}

/** Who is told of outputs that others push. */
export interface Subscriber {
  /** Whose output is wanted. Looked at whenever something arrives: it may change meanwhile. */
  readonly wanted: ReadonlyMap<HostName, Target>;
  /**
   * Takes the output of a host, or the fault of what arrived in its place, such as TOO_LARGE; a GoneFault
   * when it was told that there is none any more. Resolves when it is taken, and never rejects.
   */
  deliver(target: Target, arrival: Delivery | CourierError): Promise<void>;
  /** Hears how it goes on. */
  tell(news: SubscriptionNews): void;
}

/**
 * `following`: all that was there has been handed over, and what comes will be. `gap`: something may
 * have been missed, and the last outputs come again. `foreign`: an output arrived of a host that is
 * not wanted. A fault: the peer is away, or does not let us; it is tried again.
 */
export type SubscriptionNews = 'following' | 'gap' | 'foreign' | CourierError;

/** A transport as its folder writes it. */
export interface Fetcher {
  fetch: Transport['fetch'];
  /** Left out where it cannot, which may depend on the source. Ends by its signal alone. */
  readonly subscribe?: Transport['subscribe'];
  /** Lets go of what outlives a fetch. Called once, when none is under way; must not reject. */
  close?(): Promise<void>;
}

/** Agent output as it arrived: whole, unparsed, perhaps compressed, perhaps still in the source. */
export interface Delivery {
  /** Owned by the caller: no later delivery shares its memory. */
  readonly output: Buffer;
  /** Where it was, for messages: a URL or path without secrets. */
  readonly origin: string;
  /**
   * When the host produced it, where the transport can know: mtime, Date header, mail date.
   * Undefined when no time is stated. A time that is stated and cannot be read is passed on as
   * unreadable: the age check judges it, unless a seal in the output states the time.
   */
  readonly producedAt: StatedTime;
  /**
   * Why it may be believed without a seal. `way`: the way itself proves which host it is from, or
   * it was made on this machine. `opened`: its seal was opened before it was put there. Left out:
   * anybody who can write there can claim to be any host.
   */
  readonly proof?: 'way' | 'opened';
  /** What a transport that chooses among several passed over for it, newest first, and why. */
  readonly passedOver?: PassedOver;
  /** Removes it from the source. Called once, after the output was accepted. */
  acknowledge(): Promise<void>;
}

/** Something that was looked at and is no output, or not yet complete. */
export interface Foreign {
  /** A file name, or another name that tells it from the others. */
  readonly name: string;
  readonly why: string;
}

export type PassedOver = readonly Foreign[];

/** Why bytes are no agent output; undefined where they may be. */
export type Objection = string | undefined;

/** The host that something is judged for, and the signal that ends the judging. */
export interface AskedFor {
  readonly host: HostName;
  readonly signal: AbortSignal;
}

export interface Traits {
  /** How many fetches one open transport serves at a time. */
  readonly concurrency: number;
  /** Whether acknowledging takes it from the source (mail) or leaves it (http, file). */
  readonly consumes: boolean;
}

/** What a transport gets from its caller. */
export interface OpenContext {
  /** The caller has bound to it what is known: the source, and the host where there is one only. */
  readonly log: Logger;
  /** Ends an open() that hangs; its reason is a CourierError. */
  readonly signal: AbortSignal;
  /** A fetch that brings more is TOO_LARGE, found before it is all in memory. */
  readonly maxOutputBytes: number;
  /** How far ahead of ours the clock of a peer may be: `--max-skew`. */
  readonly maxSkewMs: number;
  readonly clock: Clock;
  /**
   * Whether something is agent output of a host, by its first bytes once it is unpacked, and by its
   * seal where there is one or has to be. A transport that chooses among several asks this of each,
   * the newest first and at most twenty, and delivers the first that is; of nothing but others it
   * delivers the newest, whose fault is then told. Either way it says what it passed over.
   *
   * @returns why it is none
   * @throws the signal's reason
   */
  accepts(bytes: Buffer, asked: AskedFor): Promise<Objection>;
  /** What `accepts` goes by: a transport is shared only by those who go by the same. */
  readonly acceptsBy: string;
  /** For `OMD_ROOT` and the like. */
  readonly env: Environment;
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
  open(
    uri: SourceUri,
    options: OptionValues<Table>,
    context: OpenContext,
    /** The same options as they were written, to be handed on. */
    raw: RawOptions,
  ): Promise<Fetcher>;
}): TransportModule {
  return {
    options: spec.options,
    traits: spec.traits,
    open: async (source, context) => {
      const options = parseOptions(spec.options, source.options);
      return new OpenTransport(await spec.open(source.uri, options, context, source.options));
    },
  };
}

/** What every transport does alike at its end. */
class OpenTransport implements Transport {
  readonly subscribe: Transport['subscribe'];
  readonly #fetcher: Fetcher;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(fetcher: Fetcher) {
    this.#fetcher = fetcher;
    const { subscribe } = fetcher;
    if (subscribe === undefined) return;
    this.subscribe = (subscriber, signal) => this.#use(() => subscribe(subscriber, signal));
  }

  fetch(target: Target, signal: AbortSignal): Promise<Delivery> {
    return this.#use(() => this.#fetcher.fetch(target, signal));
  }

  async #use<Result>(begin: () => Promise<Result>): Promise<Result> {
    if (this.#closed !== undefined) {
      throw new CourierError('INTERNAL', 'a transport that was closed is asked to fetch');
    }
    const using = begin();
    this.#underWay.add(using);
    try {
      return await using;
    } finally {
      this.#underWay.delete(using);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#letGo();
    return this.#closed;
  }

  /** Nothing is taken away from a fetch under way: it ends by itself or by its signal. */
  async #letGo(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#fetcher.close?.();
  }
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
