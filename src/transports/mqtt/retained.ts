/** The retained message of a topic. */

import type { Clock } from '../../clock.ts';
import { type BrokerSettings, openConnection } from './connecting.ts';
import type { Connection } from './connection.ts';
import { type Message, toMessage } from './message.ts';
import type { BrokerPlace } from './place.ts';

/**
 * Asks for the retained message of a topic, on a connection of its own.
 *
 * @returns undefined when there is none
 * @throws CourierError, the signal's reason included
 */
export async function fetchRetained(
  place: BrokerPlace,
  settings: BrokerSettings,
  signal: AbortSignal,
): Promise<Message | undefined> {
  const { context, options } = settings;
  const connection = await openConnection(place, settings, signal);
  const stopped = new AbortController();
  try {
    const waiting = { clock: context.clock, waitMs: options.mqttWait, signal: stopped.signal };
    return await connection.until(askFor(connection, place.topic, waiting), signal);
  } finally {
    stopped.abort('no longer needed');
    connection.close();
  }
}

interface Waiting {
  readonly clock: Clock;
  /** How long after the last answer a message may still come. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/**
 * A broker sends what is retained after its answer to the subscription. That all of it has come is
 * known from its answer to what was sent next, where it does one thing after the other; MQTT does
 * not promise that (MQTT 5, 4.6).
 */
async function askFor(
  connection: Connection,
  topic: string,
  waiting: Waiting,
): Promise<Message | undefined> {
  const { promise: arrived, resolve } = Promise.withResolvers<Message>();
  connection.onMessage((from, payload, packet) => {
    if (from === topic && payload.length > 0) resolve(toMessage(payload, packet));
  });
  const nothing = answerAll(connection, topic, waiting);
  const first = await Promise.race([arrived, nothing]);
  if (first !== undefined || !connection.isMidPacket) return first;
  // It has begun to come: then all that ends the waiting is the end of the connection.
  return arrived;
}

async function answerAll(
  connection: Connection,
  topic: string,
  { clock, waitMs, signal }: Waiting,
): Promise<undefined> {
  await Promise.all([connection.subscribe([topic]), connection.answered()]);
  if (waitMs > 0) await clock.sleep(waitMs, signal);
  return undefined;
}
