/** A server of NATS with a stream, for tests of the transport. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { defaultStream } from '../../../src/nats/stream.ts';
import { neverAborts } from '../../../src/system/never-aborts.ts';
import { openTestSession } from '../../nats/sessions.ts';
import { startNatsServers } from '../../peers/nats-server.ts';

export interface Broker {
  readonly port: number;
  readonly directory: string;
  readonly passwordFile: string;
  /** Resolves when the stream has it. */
  publish(subject: string, body: Buffer, given?: Readonly<Record<string, string>>): Promise<void>;
  /** Takes the message of a subject away. */
  purge(subject: string): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts one with the stream `COURIER`, as the user `site` has it.
 *
 * @param password of that user, where the configuration has one
 */
export async function startBroker(configuration = '', password = ''): Promise<Broker> {
  const peer = await startNatsServers({ configuration: `max_payload: 64MB\n${configuration}` });
  const [server] = peer.servers;
  if (server === undefined) throw new Error('no server');
  const passwordFile = join(peer.directory, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  const ends: (() => Promise<void>)[] = [];
  const options = password === '' ? {} : { user: ['site'], passwordFile: [passwordFile] };
  const after = (end: unknown) => {
    if (typeof end === 'function') ends.push(async () => end());
  };
  const { session } = openTestSession({ after }, peer.urls, options);
  const connect = () => session.connection(neverAborts);
  const manage = async () => jetstreamManager(await connect(), { timeout: 10_000 });
  await (await manage()).streams.add({
    name: defaultStream,
    subjects: ['courier.>'],
    max_msgs_per_subject: 1,
    allow_direct: true,
  });
  return {
    port: server.port,
    directory: peer.directory,
    passwordFile,
    publish: async (subject, body, given = {}) => {
      const all = headers();
      for (const [name, value] of Object.entries(given)) all.set(name, value);
      const connection = await connect();
      const answer = await connection.request(subject, body, { headers: all, timeout: 10_000 });
      if (answer.json<{ error?: unknown }>().error) throw new Error(answer.string());
    },
    purge: async (filter) => {
      await (await manage()).streams.purge(defaultStream, { filter });
    },
    stop: async () => {
      const connection = await connect();
      await server.stop();
      await connection.closed();
    },
    start: async () => {
      await server.start();
      await connect();
    },
    close: async () => {
      for (const end of ends) await end();
      await peer.close();
    },
  };
}
