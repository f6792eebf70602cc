/**
 * How members of a pool reach each other: beats lie in a bucket of NATS, where they can be seen; what
 * hosts are due when travels beside it, to those who are there at the moment.
 */

import type { KV } from '@nats-io/kv';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../clock.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import type { Logger } from '../../logging/log.ts';
import { decodeToken, encodeToken } from '../../names/name-token.ts';
import { asNatsFault } from '../../nats/faults.ts';
import type { NatsSession } from '../../nats/session.ts';
import { GrowingPause } from '../../system/growing-pause.ts';
import { readBeat, writeBeat } from './beat.ts';
import type { PoolWay } from './contract.ts';
import type { Beat } from './membership.ts';
import type { Pool } from './pool.ts';

const poolBucket = 'COURIER_POOL';
/** Below it members tell each other what nobody keeps. */
const talk = 'courierpool';

/** A beat that nobody renews is of no use to anybody. */
const keptMs = 60_000;

interface WaySettings {
  readonly session: NatsSession;
  readonly pool: Pool;
  /** Pools of one broker have a name each. */
  readonly name: string;
  readonly member: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export class NatsWay {
  readonly #settings: WaySettings;
  readonly #stopping = new AbortController();
  readonly #pool: string;
  readonly #member: string;
  #running: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #fault: CourierError | undefined;
  #toldDeaf = '';
  /** What we may not say or hear beside beats. */
  #refusal: CourierError | undefined;

  constructor(settings: WaySettings) {
    this.#settings = settings;
    this.#pool = encodeToken(settings.name);
    this.#member = encodeToken(settings.member);
  }

  /** Why the others cannot be reached, or are not told all; undefined when all is well. */
  get fault(): CourierError | undefined {
    return this.#fault ?? this.#refusal;
  }

  get reconnects(): number {
    return this.#settings.session.reconnects;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Tells the others that we leave, as far as it goes. May be called twice; never rejects. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#settings.pool.leave();
    const { session } = this.#settings;
    if (this.#fault === undefined) {
      const connection = await session.connection(this.#stopping.signal).catch(() => undefined);
      await connection?.flush().catch(() => undefined);
    }
    this.#stopping.abort(new Error('the pool is left'));
    await session.close();
    await this.#running;
  }

  /** Connects again and again, more slowly where it goes on failing. */
  async #run(): Promise<void> {
    const { session, pool, clock, log } = this.#settings;
    const { signal } = this.#stopping;
    const pause = new GrowingPause(clock);
    while (!signal.aborted) {
      try {
        const connection = await session.connection(signal);
        await this.#serve(connection, () => {
          if (this.#fault !== undefined) log.info({}, 'the pool can be reached again');
          this.#fault = undefined;
          pause.reset();
        });
      } catch (error) {
        if (signal.aborted) break;
        const fault = asNatsFault(error, `the pool at ${session.shown}`);
        if (this.#fault === undefined) log.warn({ code: fault.code }, fault.message);
        this.#fault = fault;
      }
      pool.reachedBy(undefined);
      await pause.wait(signal);
    }
  }

  /** Until the connection is lost, which is an error. */
  async #serve(connection: NatsConnection, isReached: () => void): Promise<void> {
    const { pool, session } = this.#settings;
    this.#refusal = undefined;
    void this.#watchRights(connection);
    try {
      const bucket = await this.#openBucket(connection);
      const { KvWatchInclude } = await import('@nats-io/kv');
      const include = KvWatchInclude.UpdatesOnly;
      const beats = await bucket.watch({ key: `${this.#pool}.*`, include });
      const heard = connection.subscribe(`${talk}.${this.#pool}.*.*`, {
        callback: (error, message) => {
          if (error === null) this.#heard(message);
          else this.#cannotHear(error);
        },
      });
      await connection.flush();
      const { way, failed } = this.#toWay(connection, bucket);
      isReached();
      pool.reachedBy(way);
      await Promise.race([this.#listen(beats), failed, connection.closed().then(toError)]);
      heard.unsubscribe();
    } finally {
      await session.discard(connection);
    }
  }

  /** The server answers no single message that it does not let pass. */
  async #watchRights(connection: NatsConnection): Promise<void> {
    const { session, log } = this.#settings;
    for await (const status of connection.status()) {
      const said = status.type === 'error' ? status.error.message : '';
      if (!said.includes(`Publish to "${talk}.`) || this.#refusal !== undefined) continue;
      const why = `the server does not allow it: ${quote(said)}`;
      const what = `the pool at ${session.shown}: ${why}: when hosts are due is not told; see \`broker init\``;
      this.#refusal = new CourierError('REFUSED', what);
      log.warn({ code: this.#refusal.code }, what);
    }
  }

  /** Three servers keep it where there are three: the death of one is to change nothing. */
  async #openBucket(connection: NatsConnection): Promise<KV> {
    const { Kvm } = await import('@nats-io/kv');
    const kvm = new Kvm(connection);
    const settings = { history: 1, ttl: keptMs, description: 'collectors that share hosts' };
    try {
      const bucket = await kvm.open(poolBucket);
      await bucket.status();
      return bucket;
    } catch {
      return kvm
        .create(poolBucket, { ...settings, replicas: 3 })
        .catch(() => kvm.create(poolBucket, settings));
    }
  }

  #toWay(connection: NatsConnection, bucket: KV) {
    const { promise: failed, reject } = Promise.withResolvers<never>();
    failed.catch(() => undefined);
    const say = (topic: string, body: Uint8Array | string) => {
      if (connection.isClosed()) return;
      connection.publish(`${talk}.${this.#pool}.${topic}.${this.#member}`, body);
    };
    const way: PoolWay = {
      announce: (beat: Beat) => {
        bucket.put(`${this.#pool}.${this.#member}`, writeBeat(beat)).catch(reject);
      },
      tell: (records) => say('due', records),
      tellHosts: (part) => say('hosts', part),
      question: () => say('question', ''),
    };
    return { way, failed };
  }

  /** A beat counts under its own key alone, so that rights can keep one member from speaking for another. */
  async #listen(beats: Awaited<ReturnType<KV['watch']>>): Promise<never> {
    for await (const entry of beats) {
      const beat = entry.operation === 'PUT' ? readBeat(entry.string()) : undefined;
      if (beat === undefined || entry.key !== `${this.#pool}.${encodeToken(beat.member)}`) continue;
      this.#settings.pool.heardBeat(beat);
    }
    throw new Error('the bucket of the pool is no longer watched');
  }

  /** Members still share the hosts, and ask some twice or late when one comes or goes. */
  #cannotHear(error: Error): void {
    const { session, log } = this.#settings;
    const { code, message } = asNatsFault(error, `the pool at ${session.shown}`);
    if (this.#toldDeaf === message) return;
    this.#toldDeaf = message;
    const what = `${message}: when hosts are due is not heard; see \`broker init\``;
    this.#refusal = new CourierError(code, what, { cause: error });
    log.warn({ code }, what);
  }

  #heard({ subject, data }: Msg): void {
    const { pool, log } = this.#settings;
    const [, , topic, token = ''] = subject.split('.');
    const member = decodeToken(token);
    if (token === this.#member || member === undefined) return;
    if (topic === 'due') pool.heardRecords(data);
    else if (topic === 'hosts') pool.heardHosts(member, data);
    else if (topic === 'question') pool.heardQuestion();
    else log.debug({}, `nobody here knows the subject ${quote(subject)}`);
  }
}

function toError(reason: unknown): never {
  throw reason instanceof Error ? reason : new Error('connection lost');
}
