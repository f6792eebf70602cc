/** What `cmk-courier broker` does at a broker. */

import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { CommandContext } from '../cli/command.ts';
import { CourierError, cleanText, quote } from '../faults/errors.ts';
import type { HostName } from '../names/host-name.ts';
import { asNatsFault } from '../nats/faults.ts';
import { type HeaderLines, readProduced } from '../nats/message.ts';
import type { NatsOptions } from '../nats/options.ts';
import { remarkVersion } from '../nats/server-versions.ts';
import type { NatsServer } from '../nats/servers.ts';
import { NatsSession } from '../nats/session.ts';
import { addStream, type Difference, findDifferences, type StreamWanted } from '../nats/stream.ts';
import { outputSubject } from '../nats/subjects.ts';
import { isOfReading, messageAnswer, readSound, streamAnswer } from './server-answers.ts';
import { wantedPayloadMb } from './server-configuration.ts';

/** How the stream is, beside how it should be. */
export interface StreamReport {
  readonly stream: string;
  readonly server: string;
  readonly replicas: number;
  readonly leader: string | undefined;
  readonly hosts: number;
  readonly bytes: number;
  readonly differences: readonly Difference[];
  /** What is well enough, and could be better. */
  readonly remarks: readonly string[];
}

/** What the stream has of a host. */
export interface StoredReport {
  readonly host: HostName;
  readonly subject: string;
  readonly sequence: number;
  readonly bytes: number;
  /** Undefined when what it says cannot be read. */
  readonly producedAt: Date | undefined;
  readonly storedAt: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface BrokerAccess {
  readonly servers: readonly NatsServer[];
  readonly options: NatsOptions;
}

/** Lends `use` the broker. */
export async function withBroker<Result>(
  { servers, options }: BrokerAccess,
  context: CommandContext,
  use: (broker: Broker) => Promise<Result>,
): Promise<Result> {
  const surroundings = { ...context, signal: context.shutdown, maxOutputBytes: mostAnswerBytes };
  const session = new NatsSession(servers, options, surroundings);
  try {
    const connection = await session.connection(context.shutdown);
    const { jetstreamManager } = await import('@nats-io/jetstream');
    const timeout = options.answerTimeout;
    const manager = await jetstreamManager(connection, { timeout, checkAPI: false });
    return await use(new Broker(connection, manager, session.shown));
  } catch (error) {
    throw asNatsFault(error, session.shown);
  } finally {
    await session.close();
  }
}

const mostAnswerBytes = 48 * 1024 * 1024;

/** Error codes of JetStream (server/errors.json of nats-server). */
const streamNotFound = 10059;
const noMessage = 10037;
/** A single server was asked for several replicas; a cluster for more than it has servers. */
const tooManyReplicas = [10074, 10005];
const subjectsOverlap = 10065;

export class Broker {
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #shown: string;

  constructor(connection: NatsConnection, manager: JetStreamManager, shown: string) {
    this.#connection = connection;
    this.#manager = manager;
    this.#shown = shown;
  }

  /**
   * Makes the stream where there is none; one that is there stays as it is.
   *
   * @returns whether it was made
   * @throws CourierError PEER when there are fewer servers than replicas are wanted, or another
   * stream has these subjects
   */
  async init(wanted: StreamWanted): Promise<boolean> {
    if ((await this.#find(wanted.name)) !== undefined) return false;
    try {
      await readSound(addStream(this.#manager, wanted), undefined, this.#shown);
    } catch (error) {
      const hint = hintAt(Number(codeOf(error)), wanted);
      if (hint === undefined) throw error;
      const { code, message } = asNatsFault(error, this.#shown);
      throw new CourierError(code, `${message}; ${hint}`, { cause: error });
    }
    return true;
  }

  /** @throws CourierError NO_OUTPUT when there is no such stream */
  async check(wanted: StreamWanted): Promise<StreamReport> {
    const found = await this.#find(wanted.name);
    if (found === undefined) throw this.#noStream(wanted.name);
    const { config, state, cluster } = found;
    const { version = 'unknown', max_payload: mostPayload = 0 } = this.#connection.info ?? {};
    return {
      stream: wanted.name,
      server: cleanText(`nats-server ${version}`),
      replicas: config.num_replicas,
      leader: cluster?.leader === undefined ? undefined : cleanText(cluster.leader),
      hosts: state.num_subjects ?? state.messages,
      bytes: state.bytes,
      differences: findDifferences(config, wanted),
      remarks: [...remarkVersion(cleanText(version)), ...remarkPayload(mostPayload)],
    };
  }

  /**
   * Asks the leader, or, where that is not allowed, whoever has a copy, as the user of a site may.
   *
   * @returns undefined when there is nothing of the host
   * @throws CourierError NO_OUTPUT when there is no such stream
   */
  async show(stream: string, site: string, host: HostName): Promise<StoredReport | undefined> {
    const subject = outputSubject(site, host);
    const message = await readSound(
      this.#getMessage(stream, subject),
      messageAnswer.optional(),
      this.#shown,
    );
    if (message === undefined) return undefined;
    const { header, seq: sequence, data, time: storedAt } = message;
    if (message.subject !== subject) {
      const other = quote(message.subject);
      throw new CourierError('PEER', `${this.#shown} was asked for ${subject}, and gives ${other}`);
    }
    if (Number.isNaN(storedAt.getTime())) {
      throw new CourierError('PEER', `${this.#shown} does not say when it stored this`);
    }
    const { producedAt } = readProduced({ headers: header, storedAt });
    return {
      host,
      subject,
      sequence,
      bytes: data.length,
      producedAt: producedAt instanceof Date ? producedAt : undefined,
      storedAt,
      headers: showHeaders(header),
      body: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    };
  }

  /** What it holds is taken out here, since the library reads it only then. */
  async #getMessage(stream: string, subject: string) {
    const question = { last_by_subj: subject };
    const { streams, direct } = this.#manager;
    const found = await streams.getMessage(stream, question).catch((error: unknown) => {
      if (codeOf(error) === noMessage) return null;
      if (codeOf(error) === streamNotFound) throw this.#noStream(stream);
      const fault = asNatsFault(error, this.#shown);
      if (fault.cause instanceof Error && isOfReading(fault.cause)) throw fault.cause;
      if (fault.code !== 'REFUSED') throw fault;
      return direct.getMessage(stream, question).catch(() => {
        throw fault;
      });
    });
    if (found === null) return undefined;
    const { subject: its, header, seq, data, time } = found;
    return { subject: its, header, seq, data, time };
  }

  #noStream(stream: string): CourierError {
    const hint = '`cmk-courier broker init` makes it';
    return new CourierError('NO_OUTPUT', `${this.#shown} has no stream ${stream}; ${hint}`);
  }

  async #find(stream: string) {
    try {
      const asking = this.#manager.streams.info(stream);
      return await readSound(asking, streamAnswer, this.#shown);
    } catch (error) {
      if (codeOf(error) === streamNotFound) return undefined;
      throw error;
    }
  }
}

/** What somebody may do about an error of a stream that was to be made. */
function hintAt(code: number, { subjects, replicas }: StreamWanted): string | undefined {
  if (tooManyReplicas.includes(code)) {
    return `--replicas is ${replicas}; for a single server give --replicas=1`;
  }
  if (code !== subjectsOverlap) return undefined;
  return `another stream has some of ${subjects}: each with --own-subjects, or an account each (--account)`;
}

/** We write ten at most. */
const mostHeaders = 64;

/** Whoever publishes under the subject writes them: fit for a terminal. */
function showHeaders(header: HeaderLines): Readonly<Record<string, string>> {
  const all = [...header];
  const shown = all
    .slice(0, mostHeaders)
    .map(([name, values]) => [cleanText(name), cleanText(values.join(', '))]);
  const left = all.length - shown.length;
  return Object.fromEntries(left > 0 ? [...shown, ['…', `${left} more`]] : shown);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'code') : undefined;
}

function remarkPayload(bytes: number): readonly string[] {
  const wanted = wantedPayloadMb * 1024 * 1024;
  if (bytes >= wanted) return [];
  return [`max_payload is ${bytes} bytes: larger outputs are refused; ${wanted} is usual`];
}
