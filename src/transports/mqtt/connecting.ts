/** From a place to a connection with its broker: socket, TLS, login, in this order. */

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { IClientOptions } from 'mqtt';
import { CourierError } from '../../faults/errors.ts';
import type { Secret } from '../../secrets/secrets.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { openSocket, tooSlow } from '../../web/socket.ts';
import type { TlsSettings } from '../../web/tls.ts';
import type { OpenContext } from '../transport.ts';
import { Connection, mostAroundBytes, SilentEnd } from './connection.ts';
import { reasonOf, unknownVersion } from './mqtt-faults.ts';
import type { MqttOptions } from './options.ts';
import { type BrokerPlace, showBroker } from './place.ts';
import { SievedStream } from './sieved-stream.ts';

/** What all connections of one open transport share. */
export interface BrokerSettings {
  readonly options: MqttOptions;
  readonly password: Secret | undefined;
  /** For `mqtts:`. */
  readonly tls: TlsSettings | undefined;
  readonly context: OpenContext;
  /** Leaves out messages that are too large, see {@link SievedStream}; otherwise they end the connection. */
  readonly isSieved?: true;
}

type Version = 4 | 5;

/**
 * Logs in, with MQTT 5, or with 3.1.1 where the broker does not know 5. When it rejects nothing is
 * left open.
 *
 * @throws CourierError, the signal's reason included
 */
export async function openConnection(
  place: BrokerPlace,
  settings: BrokerSettings,
  signal: AbortSignal,
): Promise<Connection> {
  const timeoutMs = settings.options.connectTimeout;
  const doing = `connecting to ${showBroker(place)}`;
  const limit = { timeoutMs, tooSlow: () => tooSlow(doing, timeoutMs) };
  return withTimeLimit(limit, signal, async (limited) => {
    const wanted = settings.options.mqttVersion;
    if (wanted !== undefined) {
      return login(place, settings, wanted === 'mqttv5' ? 5 : 4, limited);
    }
    try {
      return await login(place, settings, 5, limited);
    } catch (error) {
      if (limited.aborted || !mayBeTooNew(error)) throw error;
      settings.context.log.debug({}, 'the broker does not answer to MQTT 5; trying 3.1.1');
      return await login(place, settings, 4, limited);
    }
  });
}

/** Some old brokers say that they do not know the version, others hang up without a word. */
function mayBeTooNew(error: unknown): boolean {
  if (!(error instanceof CourierError)) return false;
  const reason = reasonOf(error.cause);
  return reason === undefined ? error.cause instanceof SilentEnd : unknownVersion.includes(reason);
}

async function login(
  place: BrokerPlace,
  settings: BrokerSettings,
  version: Version,
  signal: AbortSignal,
): Promise<Connection> {
  const { options, context } = settings;
  // Loading takes about as long as connecting, so both go on at once.
  const [socket, { MqttClient }] = await Promise.all([
    openBrokerSocket(place, settings, signal),
    import('mqtt'),
  ]);
  try {
    const mostBytes = context.maxOutputBytes + mostAroundBytes;
    const connection = new Connection(socket, {
      stream: settings.isSieved ? new SievedStream(socket, mostBytes, version) : socket,
      shown: showBroker(place),
      idleTimeoutMs: options.idleTimeout,
      maxOutputBytes: context.maxOutputBytes,
      makeClient: (stream) => new MqttClient(() => stream, greeting(place, settings, version)),
    });
    await connection.untilAccepted(signal);
    return connection;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function openBrokerSocket(
  { host, port, socketPath }: BrokerPlace,
  { tls }: BrokerSettings,
  signal: AbortSignal,
): Promise<Socket> {
  if (socketPath !== undefined) return openSocket({ path: socketPath, family: 0 }, signal);
  const socket = await openSocket({ host, port, family: 0 }, signal);
  if (tls === undefined) return socket;
  try {
    const { startTls } = await import('../../web/tls.ts');
    const shown = showBroker({ host, port, socketPath });
    // The name that IANA has registered for it.
    return await startTls(socket, { shown, host, isKnown: true, protocol: 'mqtt' }, tls, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** A session that ends with its connection, and that nobody waits for: nothing stays at the broker. */
function greeting(
  place: BrokerPlace,
  { options, password }: BrokerSettings,
  version: Version,
): IClientOptions {
  const username = place.user ?? options.user;
  return {
    protocolVersion: version,
    clean: true,
    clientId: options.clientIdPrefix + randomBytes(6).toString('hex'),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.reveal() }),
    keepalive: 0,
    reconnectPeriod: 0,
    resubscribe: false,
    connectTimeout: options.connectTimeout,
    timerVariant: 'native',
    log: () => undefined,
  };
}
