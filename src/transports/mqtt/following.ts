/** Follows the topics of all hosts of a source, on one connection (mqtt.md#following). */

import { hash } from 'node:crypto';
import type { IPublishPacket } from 'mqtt';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { HostName } from '../../names/host-name.ts';
import type { GrowingPause } from '../../system/growing-pause.ts';
import { GoneFault } from '../gone.ts';
import { HandOver } from '../hand-over.ts';
import { keepFollowing } from '../keep-following.ts';
import type { SourceUri, Target } from '../source.ts';
import type { Delivery, Subscriber } from '../transport.ts';
import { type BrokerSettings, openConnection } from './connecting.ts';
import type { Connection } from './connection.ts';
import { type Message, toDelivery, toMessage, tooLarge } from './message.ts';
import { asMqttFault } from './mqtt-faults.ts';
import { checkBrokerUri, locateTopic, showBroker, showTopic } from './place.ts';
import { leftOutBytes } from './sieved-stream.ts';
import type { TopicPattern } from './topic-pattern.ts';

export interface Followed {
  readonly uri: SourceUri;
  readonly pattern: TopicPattern;
  readonly settings: BrokerSettings;
  /** How many outputs may be not yet taken. */
  readonly concurrency: number;
}

/** The output of a host that was offered last. */
interface Offered {
  readonly mark: string;
  /** Undefined when it does not say so, or names a time to come. */
  readonly producedAtMs: number | undefined;
}

export class Follower {
  readonly #followed: Followed;
  readonly #subscriber: Subscriber;
  readonly #signal: AbortSignal;
  readonly #handOver: HandOver<Message | CourierError>;
  readonly #offered = new Map<HostName, Offered>();

  constructor(followed: Followed, subscriber: Subscriber, signal: AbortSignal) {
    this.#followed = followed;
    this.#subscriber = subscriber;
    this.#signal = signal;
    const { concurrency } = followed;
    const toArrival = async (item: Message | CourierError, target: Target) =>
      item instanceof CourierError ? item : this.#toArrival(item, target);
    this.#handOver = new HandOver({ subscriber, concurrency, toArrival }, signal);
  }

  /** Resolves when the signal has aborted. */
  async run(): Promise<void> {
    const doing = `following ${showBroker(checkBrokerUri(this.#followed.uri))}`;
    await keepFollowing(
      {
        subscriber: this.#subscriber,
        context: this.#followed.settings.context,
        follow: (pause) => this.#followOnce(pause),
        toFault: (thrown) => asMqttFault(thrown, doing),
      },
      this.#signal,
    );
  }

  /** Rejects when the connection is lost or cannot be made. */
  async #followOnce(pause: GrowingPause): Promise<void> {
    const { uri, settings } = this.#followed;
    for (const host of this.#offered.keys()) {
      if (!this.#subscriber.wanted.has(host)) this.#offered.delete(host);
    }
    const sieved: BrokerSettings = { ...settings, isSieved: true };
    const connection = await openConnection(checkBrokerUri(uri), sieved, this.#signal);
    const ended = new AbortController();
    try {
      connection.takeEach((payload, packet) => this.#take(payload, packet));
      const until = AbortSignal.any([this.#signal, ended.signal]);
      await connection.until(this.#begin(connection, until), this.#signal);
      pause.reset();
      await connection.until(this.#keepAlive(connection, until), this.#signal);
    } finally {
      ended.abort('the connection is over');
      connection.close();
    }
  }

  /** All that is retained has come when it resolves, as in `fetchRetained`. */
  async #begin(connection: Connection, signal: AbortSignal): Promise<void> {
    const { pattern, settings } = this.#followed;
    const { clock } = settings.context;
    // QoS 1 would have the broker wait for an answer to each; what is lost with a connection comes again
    // as what is retained.
    await Promise.all([
      this.#subscribeToGone(connection),
      connection.subscribe([pattern.outputs], 0),
      this.#untilAnswered(connection, signal),
    ]);
    if (settings.options.mqttWait > 0) await clock.sleep(settings.options.mqttWait, signal);
    await this.#handOver.settled();
    this.#subscriber.tell('following');
  }

  /** Without leave to read it all else goes on. */
  async #subscribeToGone(connection: Connection): Promise<void> {
    const { pattern, settings } = this.#followed;
    try {
      await connection.subscribe([pattern.gone], 0);
    } catch (thrown) {
      const fault = asCourierError(thrown, 'subscribing');
      if (fault.code !== 'REFUSED') throw fault;
      const why = `whether hosts have gone is not told: ${fault.message}`;
      settings.context.log.warn({ code: fault.code }, why);
    }
  }

  /** A broker that is away is noticed by its silence. */
  async #keepAlive(connection: Connection, signal: AbortSignal): Promise<never> {
    const { context, options } = this.#followed.settings;
    for (;;) {
      await context.clock.sleep(options.idleTimeout / 2, signal);
      await this.#untilAnswered(connection, signal);
    }
  }

  /** Mosquitto drops even its answer to a ping behind too many messages, so a few are sent. */
  async #untilAnswered(connection: Connection, signal: AbortSignal): Promise<void> {
    const { context, options } = this.#followed.settings;
    const answer = connection.answered();
    const isAnswered = answer.then(() => true);
    for (const part of [30, 15, 8]) {
      const later = context.clock.sleep(options.idleTimeout / part, signal).then(() => false);
      if (await Promise.race([isAnswered, later])) return;
      connection.ping();
    }
    await answer;
  }

  /** Never rejects. */
  async #take(payload: Buffer, packet: IPublishPacket): Promise<void> {
    const { host, isGone } = this.#followed.pattern.read(packet.topic) ?? {};
    const target = host && this.#subscriber.wanted.get(host);
    const isNothing = isGone === true || payload.length === 0;
    if (target === undefined) {
      if (!isNothing) this.#subscriber.tell('foreign');
      return;
    }
    if (!isNothing) return this.#takeOutput(target, payload, packet);
    // What is retained of it, or of nothing at all, may be from before the last output.
    if (packet.retain || (isGone === true && payload.length === 0)) return;
    const why = isGone === true ? 'the host has gone' : 'the output was taken away';
    const fault = new GoneFault(`${this.#show(target)}: ${why}`);
    await this.#handOver.offer(target, fault);
  }

  async #takeOutput(target: Target, payload: Buffer, packet: IPublishPacket): Promise<void> {
    const { maxOutputBytes } = this.#followed.settings.context;
    const bytes = leftOutBytes(payload, packet.dup);
    if (bytes !== undefined) {
      const fault = tooLarge(this.#show(target), bytes, maxOutputBytes);
      return this.#handOver.offer(target, fault);
    }
    const message = toMessage(ownCopy(payload), packet);
    if (this.#isNews(target.host, message, packet.retain)) {
      await this.#handOver.offer(target, message);
    }
  }

  /** Not what was there before the connection was lost, nor what was made before what came already. */
  #isNews(host: HostName, { output, producedAt }: Message, isRetained: boolean): boolean {
    const { clock, maxSkewMs } = this.#followed.settings.context;
    const madeMs = producedAt instanceof Date ? producedAt.getTime() : undefined;
    const mark = `${madeMs} ${hash('sha256', output, 'base64')}`;
    const before = this.#offered.get(host);
    if (isRetained && before?.mark === mark) return false;
    const isOlder = madeMs !== undefined && madeMs < (before?.producedAtMs ?? 0);
    if (isOlder) return false;
    const isToCome = madeMs !== undefined && madeMs > clock.now() + maxSkewMs;
    this.#offered.set(host, { mark, producedAtMs: isToCome ? undefined : madeMs });
    return true;
  }

  #toArrival(message: Message, target: Target): Delivery | CourierError {
    const { maxOutputBytes } = this.#followed.settings.context;
    try {
      return toDelivery(message, this.#show(target), maxOutputBytes);
    } catch (thrown) {
      return asCourierError(thrown, this.#show(target));
    }
  }

  #show(target: Target): string {
    return showTopic(locateTopic(this.#followed.uri, target));
  }
}

/** The library hands out parts of what it has read. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
