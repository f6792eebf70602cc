/** Follows all outputs of a site in a stream, with one ordered consumer (nats.md#subscribing). */

import type { Consumer, ConsumerMessages, DeliveryInfo, JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { HostName } from '../../names/host-name.ts';
import { asNatsFault } from '../../nats/faults.ts';
import type { NatsSession } from '../../nats/session.ts';
import { outputSubjects, readOutputSubject } from '../../nats/subjects.ts';
import type { GrowingPause } from '../../system/growing-pause.ts';
import { onAbort } from '../../system/on-abort.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { untilAborted } from '../../system/until-aborted.ts';
import { HandOver } from '../hand-over.ts';
import { keepFollowing } from '../keep-following.ts';
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
/**
 * For making a consumer, a quarter longer each time it was too short: one that was put on a server that
 * has just died is never answered for, and the next one may be put on another (nats.md#subscribing).
 */
const firstAnswerMs = 2000;
const growth = 1.25;
/** Asking for more is repeated after so long. */
const askAgainMs = 30_000;
const nanosecondsInMs = 1e6;

export class Follower {
  readonly #followed: Followed;
  readonly #subscriber: Subscriber;
  readonly #context: OpenContext;
  readonly #signal: AbortSignal;
  readonly #handOver: HandOver<JsMsg>;
  /** The message that was offered last of each host, so that neither it nor an older one is offered again. */
  readonly #offered = new Map<HostName, Place>();
  /** Nothing is asked of the server meanwhile, so it says nothing either. */
  #isOffering = false;
  #answerMs = firstAnswerMs;

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
    const toArrival = async (message: JsMsg, { host }: { readonly host: HostName }) => {
      try {
        return await toDelivery(toStored(message), host, followed.where, context);
      } catch (thrown) {
        // Of this host alone, also where the library cannot make out what is in its message.
        return asCourierError(thrown, followed.where);
      }
    };
    const { concurrency } = followed;
    this.#handOver = new HandOver({ subscriber, concurrency, toArrival }, signal);
  }

  /** Resolves when the signal has aborted. */
  async run(): Promise<void> {
    const { session, stream } = this.#followed;
    const toFault = (thrown: unknown) =>
      asNatsFault(thrown, `following ${stream} at ${session.shown}`);
    const follow = (pause: GrowingPause) =>
      this.#followOnce(pause).catch((thrown: unknown) => {
        // That was a pause already.
        if (toFault(thrown).code === 'TIMEOUT') pause.reset();
        throw thrown;
      });
    const [subscriber, context] = [this.#subscriber, this.#context];
    await keepFollowing({ subscriber, context, follow, toFault }, this.#signal);
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
    if (!this.#signal.aborted) this.#subscriber.tell('gap');
  }

  async #followOver(connection: NatsConnection, pause: GrowingPause): Promise<void> {
    const consumer = await this.#makeConsumer(connection);
    const messages = await consumer.consume({
      max_messages: messagesAhead,
      expires: askAgainMs,
      idle_heartbeat: heartbeatMs,
    });
    const leave = onAbort(this.#signal, () => void messages.close());
    const ended = new AbortController();
    try {
      void this.#endWhenLost(messages);
      const { num_pending: pending } = await untilAborted(consumer.info(true), this.#signal);
      pause.reset();
      await Promise.race([this.#take(messages, pending), this.#findFlood(messages, ended.signal)]);
    } catch (thrown) {
      if (isFlood(thrown)) await this.#followed.session.discard(connection);
      throw thrown;
    } finally {
      ended.abort(new Error('the consumer is left'));
      leave();
      messages.close();
    }
  }

  /** @throws CourierError TIMEOUT, the signal's reason; errors of the library */
  async #makeConsumer(connection: NatsConnection): Promise<Consumer> {
    const { session, stream, site } = this.#followed;
    const { jetstream } = await import('@nats-io/jetstream');
    const { consumers } = jetstream(connection, { timeout: session.answerTimeoutMs });
    const timeoutMs = Math.min(this.#answerMs, session.answerTimeoutMs);
    this.#answerMs = growth * timeoutMs;
    const tooSlow = `following ${stream} at ${session.shown}: no consumer`;
    const limit = { clock: this.#context.clock, timeoutMs, tooSlow };
    const consumer = await withTimeLimit(limit, this.#signal, (signal) =>
      untilAborted(
        consumers.get(stream, {
          filter_subjects: outputSubjects(site),
          deliver_policy: 'last_per_subject',
          inactive_threshold: longestIdleMs,
        }),
        signal,
      ),
    );
    this.#answerMs = firstAnswerMs;
    return consumer;
  }

  /** @param pending of how many hosts the consumer has something, when it begins */
  async #take(messages: ConsumerMessages, pending: number): Promise<void> {
    let seen: Set<string> | undefined = new Set();
    const tellIfDone = async (isLast: boolean) => {
      if (seen === undefined || (!isLast && seen.size < pending)) return;
      seen = undefined;
      await this.#handOver.settled();
      this.#subscriber.tell('following');
    };
    this.#isOffering = false;
    await tellIfDone(pending === 0);
    for await (const message of messages) {
      this.#isOffering = true;
      await this.#offer(message);
      this.#isOffering = false;
      // Not each message is of another host: in place of what was replaced meanwhile a server may bring the
      // same newer one again and again (nats.md#subscribing).
      seen?.add(message.subject);
      await tellIfDone(message.info.pending === 0);
    }
  }

  /**
   * The library keeps all that comes, and a server sends no more than was asked for. Resolves when the
   * signal has aborted.
   *
   * @throws CourierError PEER
   */
  async #findFlood(messages: ConsumerMessages, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (messages.getPending() > mostWaiting) {
        throw new CourierError('PEER', `${this.#followed.where}: more comes than was asked for`);
      }
      await this.#context.clock.sleep(lookMs, signal).catch(() => undefined);
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
    const { site, host } = readOutputSubject(message.subject) ?? {};
    const isOurs = site === this.#followed.site;
    const target = isOurs && host ? this.#subscriber.wanted.get(host) : undefined;
    if (target === undefined) return this.#subscriber.tell('foreign');
    const before = this.#offered.get(target.host);
    if (before !== undefined && !isLater(message.info, before)) return;
    this.#offered.set(target.host, message.info);
    await this.#handOver.offer(target, message);
  }
}

/** Where in a stream a message is, and when it got there. */
type Place = Pick<DeliveryInfo, 'streamSequence' | 'timestampNanos'>;

/**
 * A consumer may be put on a server that lags behind the one that had it before. A stream that was
 * made anew counts from 1 again, at a later time.
 */
function isLater(found: Place, before: Place): boolean {
  return (
    found.streamSequence > before.streamSequence || found.timestampNanos > before.timestampNanos
  );
}

/** Of messages that nobody has taken yet; looked at so often. */
const mostWaiting = 4 * messagesAhead;
const lookMs = 200;

/** What the library says when the stream or its consumer is gone, or nobody leads them. */
const lossWords: ReadonlySet<string> = new Set([
  'stream_not_found',
  'consumer_not_found',
  'consumer_deleted',
  'no_responders',
  'reset',
]);

/** Then the library must read no more from this server. */
function isFlood(thrown: unknown): boolean {
  return thrown instanceof CourierError && thrown.code === 'PEER';
}

function toStored({ headers, data, info }: JsMsg) {
  return { headers, data, storedAt: new Date(info.timestampNanos / nanosecondsInMs) };
}
