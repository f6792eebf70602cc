/** Outputs of a site into its stream, over a connection that is made anew whenever it is lost. */

import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../clock.ts';
import { cleanText } from '../faults/errors.ts';
import type { Logger } from '../logging/log.ts';
import { counted } from '../names/counted.ts';
import type { HostName } from '../names/host-name.ts';
import { JetStreamValues, type StreamMessage } from '../nats/last-values.ts';
import { packOutput } from '../nats/message.ts';
import { NewestWriter, type WriterCounts } from '../nats/newest-writer.ts';
import type { NatsOptions } from '../nats/options.ts';
import { remarkVersion } from '../nats/server-versions.ts';
import type { NatsServer } from '../nats/servers.ts';
import { NatsSession } from '../nats/session.ts';
import { outputRoot, outputSubject } from '../nats/subjects.ts';
import type { SecretContext } from '../secrets/secrets.ts';
import type { Produced } from '../spool/newest.ts';
import type { NewOutput } from '../spool/record.ts';
import { neverAborts } from '../system/never-aborts.ts';
import { untilAborted } from '../system/until-aborted.ts';
import type { BrokerWriter } from './broker-sink.ts';

export interface StreamAccess {
  readonly servers: readonly NatsServer[];
  readonly options: NatsOptions;
  readonly stream: string;
  readonly site: string;
}

export interface WriterContext extends SecretContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxSkewMs: number;
}

/** The last message of a subject is read as a whole, in base64: as much as servers may allow. */
const mostAnswerBytes = 48 * 1024 * 1024;

const tellEveryMs = 60_000;

/** Of the versions of servers. */
const mostRemarks = 8;

/** Who wrote what is there already; it stands in headers that we need not read for it. */
const somebodyElse = 'the broker';

export class StreamWriter implements BrokerWriter {
  readonly #session: NatsSession;
  readonly #values: JetStreamValues;
  readonly #writer: NewestWriter<StreamMessage>;
  readonly #site: string;
  readonly #context: WriterContext;
  readonly #told = {
    lost: 0,
    atMs: Number.NEGATIVE_INFINITY,
    version: '',
    remarks: new Set<string>(),
  };

  private constructor(
    { servers, options, stream, site }: StreamAccess,
    context: WriterContext,
    makeHeaders: () => MsgHdrs,
  ) {
    const session = new NatsSession(servers, options, {
      ...context,
      signal: neverAborts,
      maxOutputBytes: mostAnswerBytes,
    });
    this.#session = session;
    this.#site = site;
    this.#context = context;
    this.#values = new JetStreamValues({
      connect: () => this.#connect(),
      discardIfSilent: (connection) => session.discardIfSilent(connection),
      stream,
      makeHeaders,
    });
    this.#writer = new NewestWriter(this.#values, context);
  }

  /** Loads the library; nothing is connected before something is written. */
  static async open(access: StreamAccess, context: WriterContext): Promise<StreamWriter> {
    const { headers } = await import('@nats-io/transport-node');
    return new StreamWriter(access, context, headers);
  }

  /**
   * Finds out whether the stream can be asked, before there is anything to write.
   *
   * @throws CourierError, also the signal's reason
   */
  async greet(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#values.last(outputRoot(this.#site)), signal);
  }

  get counts(): WriterCounts {
    return this.#writer.counts;
  }

  get reconnects(): number {
    return this.#session.reconnects;
  }

  /** Whether output of a host has been written or found since the start. */
  knows(host: HostName): boolean {
    return this.#writer.knows(outputSubject(this.#site, host));
  }

  async write(output: NewOutput, signal: AbortSignal): Promise<Produced | undefined> {
    const { host, producedAt } = output;
    const { headers, body, digest } = await packOutput(output);
    const [, id = digest] = headers.find(([name]) => name === 'Nats-Msg-Id') ?? [];
    const subject = outputSubject(this.#site, host);
    const value = { subject, producedAt, digest, id, headers, body };
    const written = await this.#writer.write(value, signal);
    this.#tellLost();
    if (written.kind === 'stored') return undefined;
    return { producedAt: written.producedAt, origin: somebodyElse };
  }

  async #connect(): Promise<NatsConnection> {
    const connection = await this.#session.connection(neverAborts);
    const { version = '' } = connection.info ?? {};
    if (version !== this.#told.version) this.#tellVersion(version);
    return connection;
  }

  /** Once each, also where the servers of a cluster differ; and not for ever, whatever a server says it is. */
  #tellVersion(version: string): void {
    this.#told.version = version;
    const { remarks } = this.#told;
    for (const remark of remarkVersion(cleanText(version))) {
      if (remarks.has(remark) || remarks.size >= mostRemarks) continue;
      remarks.add(remark);
      this.#context.log.warn({}, remark);
    }
  }

  /** A server that loses one loses many. */
  #tellLost(): void {
    const { clock, log } = this.#context;
    const { lost } = this.counts;
    const count = lost - this.#told.lost;
    const nowMs = clock.monotonic();
    if (count === 0 || nowMs - this.#told.atMs < tellEveryMs) return;
    Object.assign(this.#told, { lost, atMs: nowMs });
    const what = `${counted(count, 'output')} that it had acknowledged`;
    log.warn({ lost }, `the broker has lost ${what} (docs/brokers.md, "What survives")`);
  }

  /** May be called twice; never rejects. */
  close(): Promise<void> {
    return this.#session.close();
  }
}
