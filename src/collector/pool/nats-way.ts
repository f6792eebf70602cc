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
import { neverAborts } from '../../system/never-aborts.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { untilAborted } from '../../system/until-aborted.ts';
import { readBeat, writeBeat } from './beat.ts';
import { openBucket, poolBucket } from './bucket.ts';
import { Ear } from './ear.ts';
import type { Pool } from './pool.ts';

/** Below it members tell each other what nobody keeps. */
const talk = 'courierpool';
/** As long as a beat, and in its place says nothing of anybody: it shows that what is said comes back. */
const probe = ' '.repeat(1000);
/**
 * Shorter than those of who follows a source: whoever is cut off asks what others ask, and members that
 * come back together take nothing over from one another.
 */
const pauses = { firstMs: 500, longestMs: 2000, spread: 0.25 };
/** For telling the others that we leave. */
const farewellMs = 1000;

interface WaySettings {
  readonly session: NatsSession;
  readonly pool: Pool;
  /** Pools of one broker have a name each. */
  readonly name: string;
  readonly member: string;
  /** Who hears nothing of itself for so long is deaf. */
  readonly silenceMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export class NatsWay {
  readonly #settings: WaySettings;
  readonly #stopping = new AbortController();
  readonly #pool: string;
  readonly #member: string;
  /** Of our beats. */
  readonly #key: string;
  #running: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  /** By which the others are reached. */
  #connection: NatsConnection | undefined;
  #fault: CourierError | undefined;
  /** Since when. */
  #reachedMs = Number.POSITIVE_INFINITY;
  /** The last one that is in the log. */
  #toldRefusal = '';
  /** What we may not say or hear beside beats. */
  #refusal: CourierError | undefined;

  constructor(settings: WaySettings) {
    this.#settings = settings;
    this.#pool = encodeToken(settings.name);
    this.#member = encodeToken(settings.member);
    this.#key = `${this.#pool}.${this.#member}`;
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
    const { session, pool, clock } = this.#settings;
    pool.leave();
    await this.#flush(clock).catch(() => undefined);
    this.#stopping.abort(new Error('the pool is left'));
    await session.close();
    await this.#running;
  }

  /** What was said last is on its way, where anybody takes it. */
  async #flush(clock: Clock): Promise<void> {
    const said = this.#connection?.flush();
    if (said === undefined) return;
    const limit = { clock, timeoutMs: farewellMs, tooSlow: 'no answer' };
    await withTimeLimit(limit, neverAborts, (signal) => untilAborted(said, signal));
  }

  /** Connects again and again, more slowly where it goes on failing. */
  async #run(): Promise<void> {
    const { session, pool, silenceMs, clock, log } = this.#settings;
    const { signal } = this.#stopping;
    const pause = new GrowingPause(clock, pauses);
    while (!signal.aborted) {
      this.#reachedMs = Number.POSITIVE_INFINITY;
      try {
        const connection = await session.connection(signal);
        await this.#serve(connection);
      } catch (error) {
        if (signal.aborted) break;
        // One that is lost again and again is not a success each time.
        if (clock.monotonic() - this.#reachedMs > silenceMs) pause.reset();
        const fault = asNatsFault(error, `the pool at ${session.shown}`);
        if (this.#fault === undefined) log.warn({ code: fault.code }, fault.message);
        this.#fault = fault;
      }
      pool.reachedBy(undefined);
      await pause.wait(signal);
    }
  }

  /** Until the connection is lost, or nothing comes by it, which is an error. */
  async #serve(connection: NatsConnection): Promise<void> {
    const { session, silenceMs, log } = this.#settings;
    const ended = new AbortController();
    this.#refusal = undefined;
    this.#watchRights(connection).catch(() => undefined);
    try {
      const timeout = Math.min(session.answerTimeoutMs, silenceMs / 2);
      const bucket = await openBucket(connection, timeout, log).catch(this.#blameBucket);
      const { lost, first } = await this.#listen(connection, bucket, ended.signal);
      // A bucket may be there and take nothing, or hand nothing on.
      const taken = bucket.put(this.#key, probe).catch(this.#blameBucket);
      await Promise.race([lost, Promise.all([taken, first, connection.flush()])]);
      this.#connection = connection;
      this.#tellReached();
      await Promise.race([lost, this.#talk(connection, bucket)]);
    } finally {
      this.#connection = undefined;
      ended.abort(new Error('the connection is left'));
      await session.discard(connection);
    }
  }

  readonly #blameBucket = (error: unknown): never => {
    throw asNatsFault(error, `the pool at ${this.#settings.session.shown}: bucket ${poolBucket}`);
  };

  #tellReached(): void {
    const { clock, log } = this.#settings;
    this.#reachedMs = clock.monotonic();
    if (this.#fault !== undefined) log.info({}, 'the pool can be reached again');
    this.#fault = undefined;
  }

  /** @returns what rejects when nothing is heard any more, and what resolves when something was */
  async #listen(connection: NatsConnection, bucket: KV, signal: AbortSignal) {
    const { session, clock, silenceMs } = this.#settings;
    const { KvWatchInclude } = await import('@nats-io/kv');
    const include = KvWatchInclude.UpdatesOnly;
    const watched = bucket.watch({ key: `${this.#pool}.*`, include });
    const beats = await watched.catch(this.#blameBucket);
    connection.subscribe(`${talk}.${this.#pool}.*.*`, {
      callback: (error, message) => {
        if (error === null) this.#heard(message);
        else this.#cannotHear(error);
      },
    });
    const ear = new Ear(clock, silenceMs);
    const deaf = ear.untilDeaf(`the pool at ${session.shown}: bucket ${poolBucket}`, signal);
    const closed = connection.closed().then(toError);
    const lost = Promise.race([this.#take(beats, ear), deaf, closed]);
    lost.catch(() => undefined);
    return { lost, first: ear.first };
  }

  /** The server answers no single message that it does not let pass. */
  async #watchRights(connection: NatsConnection): Promise<void> {
    const { session } = this.#settings;
    for await (const status of connection.status()) {
      const said = status.type === 'error' ? status.error.message : '';
      if (!said.includes(`Publish to "${talk}.`) || this.#refusal !== undefined) continue;
      const why = `the server does not allow it: ${quote(said)}`;
      const what = `the pool at ${session.shown}: ${why}: when hosts are due is not told; see \`broker init\``;
      this.#refuse(new CourierError('REFUSED', what));
    }
  }

  #cannotSay(bytes: number, mostBytes: number): void {
    if (this.#refusal !== undefined) return;
    const why = `max_payload of the server is ${mostBytes} bytes, and ${bytes} are to be sent`;
    const what = `the pool at ${this.#settings.session.shown}: ${why}: when hosts are due is not told`;
    this.#refuse(new CourierError('TOO_LARGE', what));
  }

  #refuse(refusal: CourierError): void {
    this.#refusal = refusal;
    const { code, message } = refusal;
    if (message !== this.#toldRefusal) this.#settings.log.warn({ code }, message);
    this.#toldRefusal = message;
  }

  /** Rejects when the bucket takes nothing more. */
  #talk(connection: NatsConnection, bucket: KV): Promise<never> {
    const { promise: failed, reject } = Promise.withResolvers<never>();
    failed.catch(() => undefined);
    const mostBytes = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    const say = (topic: string, body: Uint8Array | string) => {
      if (connection.isClosed()) return;
      if (body.length > mostBytes) this.#cannotSay(body.length, mostBytes);
      else connection.publish(`${talk}.${this.#pool}.${topic}.${this.#member}`, body);
    };
    this.#settings.pool.reachedBy({
      announce: (beat) => {
        bucket.put(this.#key, writeBeat(beat)).catch(this.#blameBucket).catch(reject);
      },
      tell: (records) => say('due', records),
      tellHosts: (part) => say('hosts', part),
      question: () => say('question', ''),
    });
    return failed;
  }

  /** A beat counts only under its own key, so that rights can keep one member from speaking for another. */
  async #take(beats: Awaited<ReturnType<KV['watch']>>, ear: Ear): Promise<never> {
    for await (const entry of beats) {
      if (entry.key === this.#key) ear.heard();
      const beat = entry.operation === 'PUT' ? readBeat(entry.string()) : undefined;
      if (beat === undefined || entry.key !== `${this.#pool}.${encodeToken(beat.member)}`) continue;
      this.#settings.pool.heardBeat(beat);
    }
    throw new Error('the bucket of the pool is no longer watched');
  }

  /** Members still share the hosts, and ask some twice or late when one comes or goes. */
  #cannotHear(error: Error): void {
    const { session } = this.#settings;
    const { code, message } = asNatsFault(error, `the pool at ${session.shown}`);
    const what = `${message}: when hosts are due is not heard; see \`broker init\``;
    this.#refuse(new CourierError(code, what, { cause: error }));
  }

  #heard({ subject, data }: Msg): void {
    const { pool, log } = this.#settings;
    const [, , topic, token = ''] = subject.split('.');
    const member = decodeToken(token);
    if (token === this.#member || member === undefined) return;
    if (topic === 'due') pool.heardRecords(member, data);
    else if (topic === 'hosts') pool.heardHosts(member, data);
    else if (topic === 'question') pool.heardQuestion();
    else log.debug({}, `nobody here knows the subject ${quote(subject)}`);
  }
}

function toError(reason: unknown): never {
  throw reason instanceof Error ? reason : new Error('connection lost');
}
