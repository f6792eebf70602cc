/** Which topic of which broker an `mqtt:` source points to. */

import { CourierError, quote } from '../../faults/errors.ts';
import { parseHostName } from '../../names/host-name.ts';
import { encodeToken } from '../../names/name-token.ts';
import { decodeUriPart, fillSourceUri, type SourceUri, showUri, type Target } from '../source.ts';

export interface BrokerPlace {
  /** Without brackets; empty for a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly socketPath: string | undefined;
  /** TLS from the first byte on, as with `mqtts:`. */
  readonly isEncrypted: boolean;
  /** Undefined when the source does not say it. */
  readonly user: string | undefined;
  readonly topic: string;
}

/** Stands for any host when a source is checked before a host is known. */
const sample: Target = { host: parseHostName('host'), address: '192.0.2.1' };

/** Longer topics cannot be written: MQTT 5, 1.5.4. */
const longestTopicBytes = 65_535;

/**
 * Checks an `mqtt:` source as far as possible before a host is known.
 *
 * @throws CourierError USAGE
 */
export function checkBrokerUri(uri: SourceUri): BrokerPlace {
  return locateTopic(uri, sample);
}

/**
 * Broker and topic of one host.
 *
 * @throws CourierError USAGE
 */
export function locateTopic(uri: SourceUri, target: Target): BrokerPlace {
  const [, authority = '', path = ''] = /^[^:]+:\/\/([^/?#]*)\/?(.*)$/s.exec(uri.text) ?? [];
  if (/[?#]/.test(path)) throw refuse('has no query and no fragment; write %3F and %23');
  return { ...locateBroker(uri, authority, target), topic: fillTopic(path, target) };
}

function locateBroker(uri: SourceUri, authority: string, target: Target) {
  const isEncrypted = uri.scheme === 'mqtts';
  const [, userPart, hostPart = ''] = /^(?:(.*)@)?(.*)$/s.exec(authority) ?? [];
  const user = userPart === undefined ? undefined : fillText(userPart, target, (value) => value);
  if (uri.scheme === 'mqtt+unix') {
    const socketPath = decodeText(hostPart);
    if (!/^\/./.test(socketPath)) {
      throw refuse('needs the path of a socket, as in mqtt+unix://%2Frun%2Fmosquitto.sock/topic');
    }
    return { host: '', port: 0, socketPath, isEncrypted, user };
  }
  const text = fillSourceUri({ ...uri, text: `http://${hostPart}/` }, target);
  const url = hostPart === '' ? null : URL.parse(text);
  if (url === null) throw refuse(`needs a host: ${quote(showUri(uri.text))}`);
  // The default port of http: is left out by the URL itself.
  const given = /:(\d+)$/.exec(hostPart)?.[1];
  const port = given === undefined ? (isEncrypted ? 8883 : 1883) : Number(given);
  const host = decodeText(url.hostname).replace(/^\[|\]$/g, '');
  return { host, port, socketPath: undefined, isEncrypted, user };
}

/** What the source says literally may hold levels, and no wildcards: MQTT 5, 4.7.1. */
function fillTopic(path: string, target: Target): string {
  const topic = fillText(path, target, encodeToken);
  if (topic === '') throw refuse('needs a topic, as in mqtt://broker/courier/{host}');
  if (/[+#]/.test(topic)) throw refuse('must not hold the wildcards + and # in its topic');
  if (topic.startsWith('$')) throw refuse("must not name one of the broker's own topics ($…)");
  if (Buffer.byteLength(topic) > longestTopicBytes) throw refuse('has too long a topic');
  return topic;
}

function fillText(text: string, target: Target, write: (value: string) => string): string {
  const parts = text.split(/\{(host|address)\}/);
  return parts
    .map((part, index) => (index % 2 === 0 ? decodeText(part) : write(valueFor(part, target))))
    .join('');
}

function valueFor(name: string, { host, address }: Target): string {
  if (name === 'host') return host;
  if (address === undefined) {
    throw new CourierError(
      'USAGE',
      'the source needs {address}, but the host has no address (--address)',
    );
  }
  return address;
}

/** What a part of a source says literally. @throws CourierError USAGE */
export function decodeText(text: string): string {
  return decodeUriPart(text, refuse);
}

/** The broker for messages: `broker:1883`, or the path of a socket. */
export function showBroker({
  host,
  port,
  socketPath,
}: Pick<BrokerPlace, 'host' | 'port' | 'socketPath'>): string {
  return socketPath ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
}

/** The topic at its broker, for messages. */
export function showTopic(place: BrokerPlace): string {
  return `topic ${quote(place.topic)} at ${showBroker(place)}`;
}

function refuse(why: string): CourierError {
  return new CourierError('USAGE', `an mqtt: source ${why}`);
}
