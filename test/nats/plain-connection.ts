/** The library's own connection to a test's server, and a writer on it. */

import { createHash } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { systemClock } from '../../src/clock.ts';
import { JetStreamValues, type StreamMessage } from '../../src/nats/last-values.ts';
import { NewestWriter } from '../../src/nats/newest-writer.ts';
import { addStream, defaultStream } from '../../src/nats/stream.ts';

export async function connectPlainly(urls: readonly string[]): Promise<NatsConnection> {
  return connect({ servers: [...urls], maxReconnectAttempts: -1, reconnectTimeWait: 100 });
}

/** Makes the stream as `broker init` does. */
export async function makeStream(connection: NatsConnection, replicas = 1): Promise<void> {
  const manager = await jetstreamManager(connection, { timeout: 20_000 });
  const wanted = { name: defaultStream, subjects: 'courier.>', replicas, maxAgeMs: 7 * 86_400_000 };
  await addStream(manager, wanted);
}

/** The stream, as a writer sees it. */
export function openValues(connection: NatsConnection): JetStreamValues {
  return new JetStreamValues({
    connect: async () => connection,
    discardIfSilent: async () => undefined,
    stream: defaultStream,
    makeHeaders: headers,
  });
}

export function makeWriter(connection: NatsConnection): NewestWriter<StreamMessage> {
  return new NewestWriter(openValues(connection), { clock: systemClock, maxSkewMs: 60_000 });
}

/** A small output of a host, which says when it was produced. */
export function toMessage(host: string, producedAt: Date, text = ''): StreamMessage {
  const produced = producedAt.toISOString();
  const digest = createHash('sha256')
    .update(host + produced + text)
    .digest('hex');
  return {
    subject: `courier.mysite.output.${host}`,
    producedAt,
    digest,
    id: digest,
    headers: [
      ['Courier-Produced', produced],
      ['Courier-Sha256', digest],
    ],
    body: Buffer.from(`<<<check_mk>>>\nAgentOS: linux\n${text}`),
  };
}
