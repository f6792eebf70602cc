/** The conformance peers of mqtt:, mqtts: and mqtt+unix:: a real Mosquitto, and brokers that hang or stop. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawOptions } from '../../../src/cli/options.ts';
import { encodeToken } from '../../../src/names/name-token.ts';
import { mqtt } from '../../../src/transports/mqtt/mqtt.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { countConnections } from '../../helpers/established-connections.ts';
import { startHostileServer } from '../../helpers/hostile-server.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { type Mosquitto, startMosquitto } from '../../peers/mosquitto.ts';
import { startFakeBroker, toPublish } from './fake-broker.ts';

export const skipMqtt = skipWithout('mosquitto');

type Scheme = 'mqtt' | 'mqtts' | 'mqtt+unix';

export const startPlain = () => startPeer('mqtt');
export const startEncrypted = () => startPeer('mqtts');
export const startOnUnixSocket = () => startPeer('mqtt+unix');
export const startOldVersion = () => startPeer('mqtt', { mqttVersion: ['mqttv311'] });

/** Where the broker is, for a source with that scheme. */
export function sourceAt(broker: Mosquitto, scheme: Scheme, options: RawOptions = {}): Source {
  const authorities = {
    mqtt: `127.0.0.1:${broker.port}`,
    mqtts: `localhost:${broker.tlsPort}`,
    'mqtt+unix': encodeURIComponent(broker.socketPath),
  };
  return {
    uri: parseSourceUri(`${scheme}://${authorities[scheme]}/courier/{host}`),
    options: {
      user: [broker.user],
      passwordFile: [broker.passwordFile],
      mqttWait: ['0s'],
      ...(scheme === 'mqtts' ? { ca: [broker.ca] } : {}),
      ...options,
    },
  };
}

const topicOf = (host: string) => `courier/${encodeToken(host)}`;

/** As `courier-send` says when the output was made. */
const produced = (text: string) => ({ properties: { userProperties: { produced: text } } });

async function startPeer(scheme: Scheme, options: RawOptions = {}): Promise<ConformancePeer> {
  const broker = await startMosquitto();
  const silent = await startHostileServer(() => undefined);
  const breaking = await startFakeBroker((kind, _packet, socket) => {
    if (kind !== 'pingreq') return undefined;
    socket.end(toPublish('courier/any', Buffer.alloc(100_000, 'x')).subarray(0, 50_000));
    return Buffer.alloc(0);
  });
  const wrong = randomBytes(12).toString('hex');
  const wrongFile = join(broker.directory, 'wrong');
  await writeFile(wrongFile, wrong, { mode: 0o600 });
  const plainAt = (port: number): Source => ({
    uri: parseSourceUri(`mqtt://127.0.0.1:${port}/courier/{host}`),
    options: {},
  });
  const tells = options['mqttVersion'] === undefined;
  return {
    module: mqtt,
    source: sourceAt(broker, scheme, options),
    ...(tells ? {} : { tellsTime: 'never' }),
    offer: (host, output, producedAt = new Date()) =>
      broker.publish(topicOf(host), output, produced(producedAt.toISOString())),
    ...(tells
      ? {
          offerMisdated: async (host: string, output: Buffer) => {
            await broker.publish(topicOf(host), output, produced('yesterday'));
            return sourceAt(broker, scheme, options);
          },
        }
      : {}),
    withdraw: (host) => broker.publish(topicOf(host), ''),
    absence: { lose: () => broker.stop(), restore: () => broker.start() },
    stopsHalfWay: plainAt(breaking.port),
    hangs: plainAt(silent.port),
    wrongSecret: sourceAt(broker, scheme, { ...options, passwordFile: [wrongFile] }),
    secrets: [broker.password, wrong],
    leftovers: async () => [
      // The test's own publisher is one of them, seen from both of its ends.
      ...(await countConnections([broker.port, broker.tlsPort])).slice(1),
      ...(silent.countConnections() > 0 ? ['a connection to the silent broker'] : []),
      ...(breaking.countConnections() > 0 ? ['a connection to the breaking broker'] : []),
    ],
    close: async () => {
      await Promise.all([silent.close(), breaking.close(), broker.close()]);
    },
  };
}
