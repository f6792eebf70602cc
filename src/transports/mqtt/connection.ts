/** A connection with a broker, and what can end it. */

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { IPublishPacket, MqttClient } from 'mqtt';
import { CourierError } from '../../faults/errors.ts';
import { untilAborted } from '../../system/until-aborted.ts';
import { formatLimit } from '../../times/durations.ts';
import { asMqttFault, toReasonFault } from './mqtt-faults.ts';
import { PacketWatch } from './packet-watch.ts';

interface ConnectionSettings {
  /** `broker:1883`, for errors. */
  readonly shown: string;
  /** A connection on which nothing comes for this long, while something is awaited, is ended. */
  readonly idleTimeoutMs: number;
  readonly maxOutputBytes: number;
  /** What is read and written in the place of the socket. */
  readonly stream: Duplex;
  /** Begins to speak MQTT on the stream at once. */
  makeClient(stream: Duplex): MqttClient;
}

/** Takes each message; the payload is the taker's own. */
export type TakeMessage = (topic: string, payload: Buffer, packet: IPublishPacket) => void;

/** Beside the output a packet holds a topic, of 64 KiB at most, and properties. */
export const mostAroundBytes = 128 * 1024;

/** The broker ended a connection it had accepted, before it answered anything. */
export class SilentEnd extends Error {}

export class Connection {
  readonly #socket: Socket;
  readonly #client: MqttClient;
  readonly #shown: string;
  readonly #watch: PacketWatch;
  /** Rejects with the first fault; never resolves. */
  readonly #ended: Promise<never>;
  #isAccepted = false;
  /** Whether a message waits to be taken: then nothing is read, and silence means nothing. */
  #isTaking = false;

  constructor(socket: Socket, settings: ConnectionSettings) {
    const { shown, idleTimeoutMs, maxOutputBytes, stream, makeClient } = settings;
    this.#socket = socket;
    this.#shown = shown;
    this.#watch = new PacketWatch(maxOutputBytes + mostAroundBytes);
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.#ended = promise;
    const end = (fault: CourierError) => {
      reject(fault);
      socket.destroy();
    };
    // Before the library listens: nothing of what is too much reaches it.
    stream.on('data', (piece: Buffer) => {
      const bytes = this.#watch.follow(piece);
      if (bytes === 'unasked') end(this.#unasked());
      else if (bytes !== undefined) end(tooLarge(bytes, maxOutputBytes));
    });
    socket.setTimeout(idleTimeoutMs, () => {
      if (this.#isTaking) socket.setTimeout(idleTimeoutMs);
      else end(this.#silent(idleTimeoutMs));
    });
    this.#client = makeClient(stream);
    this.#client.on('error', (error) => end(asMqttFault(error, this.#doing())));
    this.#client.on('disconnect', ({ reasonCode = 0 }) => {
      if (reasonCode >= 128) end(toReasonFault(reasonCode, this.#doing()));
    });
    this.#client.on('close', () => end(this.#lost()));
  }

  /**
   * Waits until the broker has let us in.
   *
   * @throws CourierError, the signal's reason included; its cause is a {@link SilentEnd} where the
   * broker hung up without an answer
   */
  async untilAccepted(signal: AbortSignal): Promise<void> {
    const accepted = new Promise<void>((resolve) => this.#client.once('connect', () => resolve()));
    await this.until(accepted, signal);
    this.#isAccepted = true;
  }

  /** What comes on any topic from now on; what is empty takes a retained message away, and is none. */
  onMessage(take: TakeMessage): void {
    this.#client.on('message', take);
  }

  /**
   * What comes on any topic from now on, what is empty as well. Nothing more is read until `take`,
   * which must not reject, has resolved.
   */
  takeEach(take: (payload: Buffer, packet: IPublishPacket) => Promise<void>): void {
    this.#client.handleMessage = (packet, done) => {
      this.#isTaking = true;
      const { payload } = packet;
      void take(typeof payload === 'string' ? Buffer.from(payload) : payload, packet).then(() => {
        this.#isTaking = false;
        done();
      });
    };
  }

  /**
   * Settles as `work` does, or with the fault that ends the connection.
   *
   * @throws CourierError, the signal's reason included
   */
  until<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
    return untilAborted(Promise.race([work, this.#ended]), signal);
  }

  /**
   * Asks for the messages of topics, the retained ones first.
   *
   * @throws CourierError REFUSED or PEER as the broker answers
   */
  async subscribe(topics: readonly string[], qos: 0 | 1 = 1): Promise<void> {
    const doing = `subscribing at ${this.#shown}`;
    try {
      await this.#client.subscribeAsync([...topics], { qos });
    } catch (error) {
      throw toSubscribeFault(error, doing);
    }
  }

  /** Resolves when the broker has answered all that was sent before. */
  async answered(): Promise<void> {
    const { promise: answer, resolve } = Promise.withResolvers<void>();
    const hear = ({ cmd }: { readonly cmd?: string }) => {
      if (cmd === 'pingresp') resolve();
    };
    this.#client.on('packetreceive', hear);
    this.#client.sendPing();
    await answer;
    this.#client.off('packetreceive', hear);
  }

  /** Asks once more for the answer that {@link answered} waits for. */
  ping(): void {
    this.#client.sendPing();
  }

  /** Whether a part of a packet has come, and the rest is on its way. */
  get isMidPacket(): boolean {
    return this.#watch.isMidPacket;
  }

  /** Says goodbye, where there is somebody to say it to, and lets go of the socket. */
  close(): void {
    if (this.#socket.destroyed) return;
    if (!this.#isAccepted) {
      this.#socket.destroy();
      return;
    }
    this.#client.end();
    this.#socket.destroySoon();
  }

  #doing(): string {
    return this.#isAccepted ? this.#shown : `connecting to ${this.#shown}`;
  }

  /** It may send with no higher QoS than it has granted: MQTT 5, 3.8.4. */
  #unasked(): CourierError {
    const why = 'the broker sends with QoS 2, which nobody asked for';
    return new CourierError('PEER', `${this.#doing()}: ${why}`);
  }

  #silent(idleTimeoutMs: number): CourierError {
    const why = `the broker was silent for ${formatLimit(idleTimeoutMs)}`;
    return new CourierError('TIMEOUT', `${this.#doing()}: ${why}`);
  }

  #lost(): CourierError {
    if (this.#isAccepted) return new CourierError('UNREACHABLE', `${this.#shown}: connection lost`);
    const why = `${this.#doing()}: the broker hung up without an answer`;
    return new CourierError('UNREACHABLE', why, { cause: new SilentEnd('no CONNACK') });
  }
}

function tooLarge(bytes: number, maxOutputBytes: number): CourierError {
  const why = `the message has ${bytes} bytes, too many for ${maxOutputBytes} of output`;
  return new CourierError('TOO_LARGE', why);
}

/** The library hands on the packet with the answers, one a topic. */
function toSubscribeFault(error: unknown, doing: string): CourierError {
  const packet: unknown = error instanceof Error ? Reflect.get(error, 'packet') : undefined;
  const granted: unknown =
    typeof packet === 'object' && packet !== null ? Reflect.get(packet, 'granted') : undefined;
  const answers: readonly unknown[] = Array.isArray(granted) ? granted : [];
  const refusal = answers.find((answer) => typeof answer === 'number' && answer >= 128);
  // 3.1.1 knows no other answer than that it is refused.
  if (refusal === 128) return new CourierError('REFUSED', `${doing}: the broker refuses the topic`);
  return typeof refusal === 'number' ? toReasonFault(refusal, doing) : asMqttFault(error, doing);
}
