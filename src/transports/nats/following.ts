/** Follows all outputs of a site in a stream, with one ordered consumer (nats.md#subscribing). */

import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { asCourierError } from '../../faults/system-errors.ts';
import type { HostName } from '../../names/host-name.ts';
import { asNatsFault } from '../../nats/faults.ts';
import type { NatsSession } from '../../nats/session.ts';
import { outputSubjects, readOutputSubject } from '../../nats/subjects.ts';
import { GrowingPause } from '../../system/growing-pause.ts';
import { onAbort } from '../../system/on-abort.ts';
import { untilAborted } from '../../system/until-aborted.ts';
import { HandOver } from '../hand-over.ts';
import type { OpenContext, Subscriber } from '../transport.ts';
import { toDelivery } from './arrived.ts';

export interface Followed {
  readonly session: NatsSession;
  readonly site: string;
  readonly stream: string;
  /** Where it is, for messages. */
  readonly where: string;
  /** How many outputs may be not yet taken. */
  readonly concurrency: number;
}

/** How many messages are on their way to us at a time. */
const messagesAhead = 64;
/** A consumer of which nobody takes is removed by the server. */
const longestIdleMs = 60_000;
/**
 * So often the server says that the consumer is there while nothing comes; after two that did not come
 * it is made anew. It lives on one server, and goes with it, while the connection may be to another.
 */
const heartbeatMs = 1500;
/** Asking for more is repeated after so long. */
const askAgainMs = 30_000;
const nanosecondsInMs = 1e6;

export class Follower {
  readonly #followed: Followed;
  readonly #subscriber: Subscriber;
  readonly #context: OpenContext;
  readonly #signal: AbortSignal;
  readonly #handOver: HandOver<JsMsg>;
  /** The message that was offered last of each host, so that it is not offered again. */
  readonly #offered = new Map<HostName, string>();
  /** Nothing is asked of the server meanwhile, so it says nothing either. */
  #isOffering = false;

  constructor(
    followed: Followed,
    subscriber: Subscriber,
    context: OpenContext,
    signal: AbortSignal,
  ) {
    this.#followed = followed;
    this.#subscriber = subscriber;
    this.#context = context;
    this.#signal = signal;
    const toArrival = (message: JsMsg, { host }: { readonly host: HostName }) =>
      toDelivery(toStored(message), host, followed.where, context).catch((thrown: unknown) =>
        asCourierError(thrown, followed.where),
      );
    const { concurrency } = followed;
    this.#handOver = new HandOver({ subscriber, concurrency, toArrival }, signal);
  }

  /** Resolves when the signal has aborted. */
  async run(): Promise<void> {
    const pause = new GrowingPause(this.#context.clock);
    while (!this.#signal.aborted) {
      try {
        await this.#followOnce(pause);
        if (!this.#signal.aborted) this.#subscriber.tell('gap');
      } catch (thrown) {
        if (this.#signal.aborted) return;
        const { session, stream } = this.#followed;
        const doing = `following ${stream} at ${session.shown}`;
        this.#subscriber.tell(asNatsFault(thrown, doing));
      }
      await pause.wait(this.#signal);
    }
  }

  /** Resolves when the consumer is to be made anew; rejects when the connection is lost or cannot be made. */
  async #followOnce(pause: GrowingPause): Promise<void> {
    const { session } = this.#followed;
    const connection = await session.connection(this.#signal);
    try {
      await this.#followOver(connection, pause);
    } finally {
      await session.discardIfSilent(connection);
    }
    if (connection.isClosed()) throw await connection.closed();
  }

  async #followOver(connection: NatsConnection, pause: GrowingPause): Promise<void> {
    const { session, stream } = this.#followed;
    const { jetstream } = await import('@nats-io/jetstream');
    const { consumers } = jetstream(connection, { timeout: session.answerTimeoutMs });
    const getting = consumers.get(stream, {
      filter_subjects: outputSubjects(this.#followed.site),
      deliver_policy: 'last_per_subject',
      inactive_threshold: longestIdleMs,
    });
    const consumer = await untilAborted(getting, this.#signal);
    const messages = await consumer.consume({
      max_messages: messagesAhead,
      expires: askAgainMs,
      idle_heartbeat: heartbeatMs,
    });
    const leave = onAbort(this.#signal, () => void messages.close());
    try {
      void this.#endWhenLost(messages);
      const { num_pending: pending } = await untilAborted(consumer.info(true), this.#signal);
      pause.reset();
      await this.#take(messages, pending);
    } finally {
      leave();
      messages.close();
    }
  }

  async #take(messages: ConsumerMessages, pending: number): Promise<void> {
    let left = pending;
    this.#isOffering = false;
    if (left === 0) this.#subscriber.tell('following');
    for await (const message of messages) {
      this.#isOffering = true;
      await this.#offer(message);
      this.#isOffering = false;
      left -= 1;
      if (left !== 0) continue;
      await this.#handOver.settled();
      this.#subscriber.tell('following');
    }
  }

  /**
   * Ends when the consumer is lost: by itself the library would wait for long, and go on at the
   * sequence it had, which means nothing in a stream that is made anew.
   */
  async #endWhenLost(messages: ConsumerMessages): Promise<void> {
    for await (const { type } of messages.status()) {
      const isSilent = type === 'heartbeats_missed' && !this.#isOffering;
      if (isSilent || lossWords.has(type)) messages.close();
    }
  }

  async #offer(message: JsMsg): Promise<void> {
    const { host } = readOutputSubject(message.subject) ?? {};
    const target = host && this.#subscriber.wanted.get(host);
    if (target === undefined) return this.#subscriber.tell('foreign');
    const { streamSequence, timestampNanos } = message.info;
    const mark = `${streamSequence} ${timestampNanos}`;
    if (this.#offered.get(target.host) === mark) return;
    this.#offered.set(target.host, mark);
    await this.#handOver.offer(target, message);
  }
}

/** What the library says when the stream or its consumer is gone, or nobody leads them. */
const lossWords: ReadonlySet<string> = new Set([
  'stream_not_found',
  'consumer_not_found',
  'consumer_deleted',
  'no_responders',
  'reset',
]);

function toStored({ headers, data, info }: JsMsg) {
  return { headers, data, storedAt: new Date(info.timestampNanos / nanosecondsInMs) };
}
