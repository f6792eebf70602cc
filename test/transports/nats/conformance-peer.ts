/** The conformance peer of nats: a real server with a stream, and ones that hang or stop. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseHostName } from '../../../src/names/host-name.ts';
import { packOutput } from '../../../src/nats/message.ts';
import { outputSubject } from '../../../src/nats/subjects.ts';
import { nats } from '../../../src/transports/nats/nats.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { countConnections } from '../../helpers/established-connections.ts';
import { startHostileServer } from '../../helpers/hostile-server.ts';
import { skipWithoutNats } from '../../peers/nats-program.ts';
import { type Broker, startBroker } from './broker.ts';

export const skipNats = skipWithoutNats();

const site = 'prod';

export async function startNats(): Promise<ConformancePeer> {
  const password = randomBytes(12).toString('hex');
  const wrong = randomBytes(12).toString('hex');
  const broker = await startBroker(
    `authorization { user: site, password: "${password}" }`,
    password,
  );
  const wrongFile = join(broker.directory, 'wrong');
  await writeFile(wrongFile, wrong, { mode: 0o600 });
  const silent = await startHostileServer(() => undefined);
  const breaking = await startBreaking();
  const options = { user: ['site'], passwordFile: [broker.passwordFile] };
  const sourceAt = (port: number, given: Source['options'] = options): Source => ({
    uri: parseSourceUri(`nats://127.0.0.1:${port}/${site}/{host}`),
    options: given,
  });
  return {
    module: nats,
    source: sourceAt(broker.port),
    offer: (host, output, producedAt = new Date()) => offer(broker, { host, output, producedAt }),
    offerMisdated: async (host, output) => {
      const misdated = { 'Courier-Produced': 'gestern' };
      await offer(broker, { host, output, producedAt: new Date() }, misdated);
      return sourceAt(broker.port);
    },
    withdraw: (host) => broker.purge(outputSubject(site, parseHostName(host))),
    absence: { lose: () => broker.stop(), restore: () => broker.start() },
    stopsHalfWay: sourceAt(breaking.port, {}),
    hangs: sourceAt(silent.port, {}),
    wrongSecret: sourceAt(broker.port, { ...options, passwordFile: [wrongFile] }),
    secrets: [password, wrong],
    leftovers: async () => [
      // One is that of the test itself.
      ...(await countConnections([broker.port])).slice(1),
      ...(silent.countConnections() > 0 ? ['a connection to the silent server'] : []),
      ...(breaking.countConnections() > 0 ? ['a connection to the breaking server'] : []),
    ],
    close: async () => {
      await Promise.all([silent.close(), breaking.close(), broker.close()]);
    },
  };
}

interface Offered {
  readonly host: string;
  readonly output: Buffer;
  readonly producedAt: Date;
}

async function offer(
  broker: Broker,
  { host: name, output, producedAt }: Offered,
  other: Readonly<Record<string, string>> = {},
): Promise<void> {
  const host = parseHostName(name);
  const receivedAt = new Date();
  const packed = await packOutput({ host, output, producedAt, receivedAt, origin: 'upload x' });
  const all = { ...Object.fromEntries(packed.headers), ...other };
  await broker.publish(outputSubject(site, host), packed.body, all);
}

/** A server that takes a question, and ends in the middle of its answer. */
function startBreaking() {
  const info = 'INFO {"version":"2.9.10","max_payload":1000000,"headers":true}\r\n';
  return startHostileServer(
    (socket, said) => {
      if (said === '') socket.write(info);
      if (said.includes('PING\r\n')) socket.write('PONG\r\n');
      const [, inbox, sid] = /SUB (\S+)\* (\d+)\r\n/.exec(said) ?? [];
      const [, reply] = /PUB \S+ (\S+) 0\r\n/.exec(said) ?? [];
      if (inbox === undefined || reply === undefined) return;
      const start = `HMSG ${reply} ${sid} 12 50000\r\nNATS/1.0\r\n\r\n<<<check_mk>>>\n`;
      socket.end(start);
    },
    { speaksFirst: true },
  );
}
