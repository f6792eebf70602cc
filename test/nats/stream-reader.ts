/** A site's stream on a test's servers, as somebody sees it who asks the leader. */

import { headers, type NatsConnection } from '@nats-io/transport-node';
import { parseHostName } from '../../src/names/host-name.ts';
import { JetStreamValues } from '../../src/nats/last-values.ts';
import type { LastValue } from '../../src/nats/newest-writer.ts';
import { addStream, defaultStream } from '../../src/nats/stream.ts';
import { outputSubject } from '../../src/nats/subjects.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { type Owner, openTestSession } from './sessions.ts';

export interface StreamReader {
  /** @throws CourierError while nobody leads the stream */
  last(host: string): Promise<LastValue | undefined>;
  /** How the leader counts what there is of a host, and what a consumer gets: a server's index may be wrong. */
  describe(host: string): Promise<string>;
}

async function describeSubject(connection: NatsConnection, subject: string): Promise<string> {
  const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
  const manager = await jetstreamManager(connection, { timeout: 5000 });
  const { state, cluster } = await manager.streams.info(defaultStream, {
    subjects_filter: subject,
  });
  const consumer = await jetstream(connection).consumers.get(defaultStream, {
    filter_subjects: subject,
  });
  const message = await consumer.next({ expires: 2000 });
  const found = message && `${message.seq} of ${message.headers?.get('Courier-Produced')}`;
  const counted = state.subjects?.[subject] ?? 0;
  return `${cluster?.leader} counts ${counted} of ${state.messages}, a consumer gets ${found ?? 'nothing'}`;
}

/** Makes the stream, if it is not there, as `broker init` does. */
export async function makeSiteStream(
  owner: Owner,
  urls: readonly string[],
  { site = 'mysite', replicas = 1 }: { readonly site?: string; readonly replicas?: number } = {},
): Promise<StreamReader> {
  const { session } = openTestSession(owner, urls);
  const { jetstreamManager } = await import('@nats-io/jetstream');
  const connect = () => session.connection(neverAborts);
  const manager = await jetstreamManager(await connect(), { timeout: 5000 });
  const wanted = { name: defaultStream, subjects: 'courier.>', replicas, maxAgeMs: 604_800_000 };
  // A cluster that has just been started may never answer the first question.
  for (let attempt = 1; ; attempt += 1) {
    const error: unknown = await addStream(manager, wanted).catch((reason: unknown) => reason);
    if (!(error instanceof Error)) break;
    if (attempt === 6) throw error;
  }
  const values = new JetStreamValues({
    connect,
    discardIfSilent: (connection) => session.discardIfSilent(connection),
    stream: defaultStream,
    makeHeaders: headers,
  });
  const subjectOf = (host: string) => outputSubject(site, parseHostName(host));
  return {
    last: (host) => values.last(subjectOf(host)),
    describe: async (host) => describeSubject(await connect(), subjectOf(host)),
  };
}
