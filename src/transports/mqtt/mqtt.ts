/** `mqtt:`, `mqtts:` and `mqtt+unix:`: the retained message of a topic. */

import { CourierError } from '../../faults/errors.ts';
import { readSecret } from '../../secrets/secret-options.ts';
import type { SourceUri, Target } from '../source.ts';
import { type Delivery, defineTransport, type OpenContext, type Subscriber } from '../transport.ts';
import type { BrokerSettings } from './connecting.ts';
import { toDelivery } from './message.ts';
import { checkMqttOptions, type MqttOptions, mqttOptions } from './options.ts';
import { checkBrokerUri, locateTopic, showTopic } from './place.ts';
import { fetchRetained } from './retained.ts';
import { findPattern } from './topic-pattern.ts';

const concurrency = 8;

export const mqtt = defineTransport({
  options: mqttOptions,
  traits: { concurrency, consumes: false },
  async open(uri, options, context) {
    const place = checkBrokerUri(uri);
    checkMqttOptions(options, place);
    requirePlaceholder(uri);
    const settings = await loadSettings(place.isEncrypted, options, context);
    if (settings.password !== undefined && !place.isEncrypted && place.socketPath === undefined) {
      context.log.warn({}, 'the password travels unencrypted over mqtt:');
    }
    const fetch = (target: Target, signal: AbortSignal) =>
      fetchNewest(uri, target, settings, signal);
    const pattern = findPattern(uri);
    if (pattern === undefined) return { fetch };
    const followed = { uri, pattern, settings, concurrency };
    const subscribe = async (subscriber: Subscriber, signal: AbortSignal) => {
      const { Follower } = await import('./following.ts');
      await new Follower(followed, subscriber, signal).run();
    };
    return { fetch, subscribe };
  },
});

/** Without one, every host would get the same. */
function requirePlaceholder({ text }: SourceUri): void {
  if (/\{(?:host|address)\}/.test(text)) return;
  throw new CourierError('USAGE', 'an mqtt: source needs {host} or {address} in its topic');
}

async function loadSettings(
  isEncrypted: boolean,
  options: MqttOptions,
  context: OpenContext,
): Promise<BrokerSettings> {
  context.signal.throwIfAborted();
  const [password, tls] = await Promise.all([
    readSecret(options, 'password', context),
    isEncrypted ? loadTls(options, context) : undefined,
  ]);
  return { options, password, tls, context };
}

async function loadTls(options: MqttOptions, context: OpenContext) {
  if (options.insecure) {
    const rest = options.tlsPin.length > 0 ? ', only its pinned key' : '';
    context.log.warn({}, `--insecure: the certificate of the peer is not checked${rest}`);
  }
  const { loadTlsSettings } = await import('../../web/tls.ts');
  return loadTlsSettings(options, context);
}

async function fetchNewest(
  uri: SourceUri,
  target: Target,
  settings: BrokerSettings,
  signal: AbortSignal,
): Promise<Delivery> {
  signal.throwIfAborted();
  const place = locateTopic(uri, target);
  const found = await fetchRetained(place, settings, signal);
  if (found === undefined) {
    throw new CourierError('NO_OUTPUT', `nothing is retained under ${showTopic(place)}`);
  }
  return toDelivery(found, showTopic(place), settings.context.maxOutputBytes);
}
