/** One connection to a cluster of NATS that all who need it share, made anew when it is lost. */

import type { Authenticator, NatsConnection } from '@nats-io/transport-node';
import { systemClock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { encodeToken } from '../names/name-token.ts';
import type { SecretContext } from '../secrets/secrets.ts';
import { chance } from '../system/chance.ts';
import { neverAborts } from '../system/never-aborts.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import { untilAborted } from '../system/until-aborted.ts';
import { formatLimit } from '../times/durations.ts';
import { loadTlsSettings, type TlsSettings } from '../web/tls.ts';
import { dial } from './dialling.ts';
import { asNatsFault } from './faults.ts';
import { readIdentity } from './identity.ts';
import { connectOver } from './library.ts';
import type { NatsOptions } from './options.ts';
import { isLoopback, type NatsServer, showServer, showServers } from './servers.ts';
import type { DialledOptions } from './socket-transport.ts';

/** What a session takes of its surroundings. */
export interface SessionContext extends SecretContext {
  /** Ends the connection; its reason is a CourierError. */
  readonly signal: AbortSignal;
  /** Larger messages come without their body (frame-filter.ts). */
  readonly maxOutputBytes: number;
}

/** Headers, and what a packed text that cannot be packed grows by. */
const slackBytes = 128 * 1024;

/** The library's parser takes no more (nats-core/lib/parser.js), nor does a server (max_payload). */
const mostBytes = 64 * 1024 * 1024;

/** A server that has stopped is noticed after two of these. */
const pingMs = 5000;

/** For a server to say that it is there. */
const silentMs = 500;

export class NatsSession {
  readonly servers: readonly NatsServer[];
  readonly #options: NatsOptions;
  readonly #context: SessionContext;
  readonly #ended = new AbortController();
  #connecting: Promise<NatsConnection> | undefined;
  #connects = 0;

  /** Nothing is connected yet. */
  constructor(servers: readonly NatsServer[], options: NatsOptions, context: SessionContext) {
    this.servers = servers;
    this.#options = options;
    const signal = AbortSignal.any([context.signal, this.#ended.signal]);
    this.#context = { ...context, signal };
  }

  /** For messages: `broker1.example:4222 or broker2.example:4222`. */
  get shown(): string {
    return showServers(this.servers);
  }

  /** How often a connection was made after the first one. */
  get reconnects(): number {
    return Math.max(0, this.#connects - 1);
  }

  /** How long an answer may take. */
  get answerTimeoutMs(): number {
    return this.#options.answerTimeout;
  }

  /**
   * The connection; made anew when there is none or it was lost. Files with secrets are read each
   * time one is made.
   *
   * @throws CourierError, the signal's reason included
   */
  async connection(signal: AbortSignal): Promise<NatsConnection> {
    signal.throwIfAborted();
    this.#connecting ??= this.#connect();
    return untilAborted(this.#connecting, signal);
  }

  /** Lets go of a connection that has failed; who asks next gets another one. */
  async discard(connection: NatsConnection): Promise<void> {
    await connection.close().catch(() => undefined);
  }

  /**
   * The same, when the server does not even answer a ping: one that was stopped keeps its connections,
   * and the others of the cluster would answer. When it does, an answer is missing for another reason,
   * such as a stream without a leader, and no other connection would bring it.
   */
  async discardIfSilent(connection: NatsConnection): Promise<void> {
    if (connection.isClosed()) return;
    const answers = connection.flush().then(
      () => true,
      () => false,
    );
    const waited = systemClock.sleep(silentMs, neverAborts).then(() => false);
    if (!(await Promise.race([answers, waited]))) await this.discard(connection);
  }

  /** May be called twice; never rejects. */
  async close(): Promise<void> {
    const connecting = this.#connecting;
    this.#ended.abort(new CourierError('INTERRUPTED', 'the connection is closed'));
    await connecting?.then((connection) => connection.close()).catch(() => undefined);
  }

  #connect(): Promise<NatsConnection> {
    const connecting = this.#open();
    const forget = () => {
      if (this.#connecting === connecting) this.#connecting = undefined;
    };
    connecting.then((connection) => connection.closed().then(forget), forget);
    return connecting;
  }

  /** One server after the other, in any order; the fault of the first one tried is told. */
  async #open(): Promise<NatsConnection> {
    const { signal, log } = this.#context;
    const access = {
      tls: await loadTlsSettings(this.#options, this.#context),
      authenticator: await readIdentity(this.#options, this.#context),
    };
    let fault: CourierError | undefined;
    for (const server of shuffle(this.servers)) {
      try {
        const connection = await this.#connectTo(server, access);
        this.#connects += 1;
        return connection;
      } catch (error) {
        signal.throwIfAborted();
        const found = toFault(error, server, access);
        log.debug({ peer: showServer(server), code: found.code }, found.message);
        fault ??= found;
      }
    }
    throw fault ?? new CourierError('USAGE', 'no server is named');
  }

  #connectTo(server: NatsServer, { tls, authenticator }: Access): Promise<NatsConnection> {
    const { connectTimeout, tlsFirst } = this.#options;
    const doing = `connecting to ${showServer(server)}`;
    const tooSlow = () =>
      new CourierError('TIMEOUT', `${doing}: no answer within ${formatLimit(connectTimeout)}`);
    const limit = { timeoutMs: connectTimeout, tooSlow };
    return withTimeLimit(limit, this.#context.signal, async (limited) => {
      const mustEncrypt = this.#mustEncrypt(server);
      const mostMessageBytes = Math.min(this.#context.maxOutputBytes + slackBytes, mostBytes);
      const dialled = await dial(server, { tls, mustEncrypt, tlsFirst, mostMessageBytes }, limited);
      const options: DialledOptions = {
        dialled,
        name: 'cmk-courier',
        inboxPrefix: inboxOf(this.#options.user),
        servers: [showServer(server)],
        ...(authenticator === undefined ? {} : { authenticator }),
        reconnect: false,
        resolve: false,
        ignoreClusterUpdates: true,
        // Else an error with its stack is made for each request, in case it should fail.
        noAsyncTraces: true,
        // Ours ends sooner.
        timeout: 2 * connectTimeout,
        pingInterval: pingMs,
        maxPingOut: 2,
      };
      try {
        return await untilAborted(connectOver(options), limited);
      } catch (error) {
        dialled.socket.destroy();
        throw error;
      }
    });
  }

  /** Who names an authority or a certificate wants them used on this machine, too. */
  #mustEncrypt(server: NatsServer): boolean {
    const { allowPlaintext, ca, cert, tlsPin, tlsServerName } = this.#options;
    if (allowPlaintext) return false;
    const isNamed = [ca, cert, tlsServerName].some((option) => option !== undefined);
    return isNamed || tlsPin.length > 0 || !isLoopback(server);
  }
}

/** Where answers come: a server can be told that nobody but this user may listen there. */
function inboxOf(user: string | undefined): string {
  return user === undefined ? '_INBOX' : `_INBOX.${encodeToken(user)}`;
}

/** What all servers of a session are shown. */
interface Access {
  readonly tls: TlsSettings;
  readonly authenticator: Authenticator | undefined;
}

/** All of it, in any order, so that clients spread over the servers. */
function shuffle<Item>(items: readonly Item[]): readonly Item[] {
  const keyed = items.map((item) => ({ item, key: chance() }));
  return keyed.sort((one, other) => one.key - other.key).map(({ item }) => item);
}

/** Who has forgotten to say who we are is told that. */
function toFault(error: unknown, server: NatsServer, { authenticator }: Access): CourierError {
  const fault = asNatsFault(error, `connecting to ${showServer(server)}`);
  const isTurnedAway = error instanceof Error && error.name === 'AuthorizationError';
  if (authenticator !== undefined || !isTurnedAway) return fault;
  const message = `${fault.message}; no user, token or key is given`;
  return new CourierError(fault.code, message, { cause: error });
}
