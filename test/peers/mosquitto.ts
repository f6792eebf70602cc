/** Eclipse Mosquitto with its own configuration, users and certificate, on free ports. */

import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { Authority } from '../helpers/certificates.ts';
import { type Daemon, startDaemon } from '../helpers/daemon.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { start } from '../helpers/run-program.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';

export interface Mosquitto {
  /** For `mqtt:`. */
  readonly port: number;
  /** For `mqtts:`. */
  readonly tlsPort: number;
  /** For `mqtt+unix:`. */
  readonly socketPath: string;
  readonly user: string;
  readonly password: string;
  readonly passwordFile: string;
  /** A file with the authority of its certificate, which is for `localhost` and 127.0.0.1. */
  readonly ca: string;
  readonly directory: string;
  publish(topic: string, payload: string | Buffer, options?: IClientPublishOptions): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it and removes everything. */
  close(): Promise<void>;
}

/** @param extra lines of its configuration, with DIR for its directory */
export async function startMosquitto(extra = '', acl = ''): Promise<Mosquitto> {
  const directory = await makeTempDir();
  const password = randomBytes(12).toString('hex');
  const ports = { port: await findFreePort(), tlsPort: await findFreePort() };
  const authority = new Authority();
  const { cert, key } = authority.issueServer({ name: 'localhost', names: ['127.0.0.1'] });
  const files = {
    'ca.pem': authority.cert,
    'cert.pem': cert,
    'key.pem': key,
    password: `${password}\n`,
    users: `site:${password}\nweb01:${password}\n`,
    acl: acl || 'pattern readwrite #\n',
    'mosquitto.conf': toConfiguration(directory, ports, extra.replaceAll('DIR', directory)),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(directory, name), text, { mode: 0o600 });
  }
  await start('mosquitto_passwd', ['-U', join(directory, 'users')]).ended;
  const broker = new RunningBroker(directory, ports.port, password);
  await broker.start();
  return {
    ...ports,
    socketPath: join(directory, 'mosquitto.sock'),
    user: 'site',
    password,
    passwordFile: join(directory, 'password'),
    ca: join(directory, 'ca.pem'),
    directory,
    publish: (topic, payload, options) => broker.publish(topic, payload, options),
    start: () => broker.start(),
    stop: () => broker.stop(),
    close: async () => {
      await broker.stop();
      await removeTempDir(directory);
    },
  };
}

class RunningBroker {
  readonly #directory: string;
  readonly #port: number;
  readonly #password: string;
  #daemon: Daemon | undefined;
  #publisher: MqttClient | undefined;

  constructor(directory: string, port: number, password: string) {
    this.#directory = directory;
    this.#port = port;
    this.#password = password;
  }

  async start(): Promise<void> {
    await rm(join(this.#directory, 'mosquitto.sock'), { force: true });
    const args = ['-c', join(this.#directory, 'mosquitto.conf')];
    this.#daemon = await startDaemon('mosquitto', args, { port: this.#port, host: '127.0.0.1' });
    this.#publisher = await connectAsync({
      host: '127.0.0.1',
      port: this.#port,
      protocolVersion: 5,
      username: 'site',
      password: this.#password,
      reconnectPeriod: 0,
    });
    this.#publisher.on('error', () => undefined);
  }

  async publish(
    topic: string,
    payload: string | Buffer,
    options: IClientPublishOptions = {},
  ): Promise<void> {
    await this.#publisher?.publishAsync(topic, payload, { qos: 1, retain: true, ...options });
  }

  async stop(): Promise<void> {
    await this.#publisher?.endAsync(true);
    await this.#daemon?.stop();
    this.#daemon = undefined;
  }
}

/** For Mosquitto 2.0. */
function toConfiguration(
  directory: string,
  { port, tlsPort }: { readonly port: number; readonly tlsPort: number },
  extra: string,
): string {
  return `user root
set_tcp_nodelay true
persistence false
allow_anonymous false
password_file ${directory}/users
acl_file ${directory}/acl
listener ${port} 127.0.0.1
listener 0 ${directory}/mosquitto.sock
listener ${tlsPort} 127.0.0.1
cafile ${directory}/ca.pem
certfile ${directory}/cert.pem
keyfile ${directory}/key.pem
${extra}
`;
}
