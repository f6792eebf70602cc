/** The conformance peers of http: a real nginx, asked directly and through a real squid. */

import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawOptions } from '../../../src/cli/options.ts';
import { http } from '../../../src/transports/http/http.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { Authority, lockKey } from '../../helpers/certificates.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import { type HostileServer, startHostileServer } from '../../helpers/hostile-server.ts';
import { startNginx } from '../../helpers/nginx.ts';
import { putFile } from '../../helpers/put-file.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { type Squid, startSquid } from '../../helpers/squid.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { toSource, writeSecret } from './fetching.ts';

export const skipDirect = skipWithout('nginx');
export const skipThroughSquid = skipDirect || skipWithout('squid');

/** One way of listening, and what a source needs to get there. */
interface Setting {
  /** What stands in nginx's server block. */
  readonly listen: string;
  /** Scheme and authority. */
  readonly base: string;
  readonly options: RawOptions;
  readonly secrets: readonly string[];
  readonly hostile: HostileServer;
  readonly hostileBase: string;
  readonly squid?: Squid;
}

function makeSecret(): string {
  return randomBytes(12).toString('hex');
}

/** `/half` breaks off, everything else is never answered. */
function stall(socket: NodeJS.WritableStream, request: string): void {
  if (request.startsWith('GET') && request.includes('/half')) {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<<<check_mk>>>\nVersion: 2');
  }
}

async function plain(): Promise<Setting> {
  const [port, hostile] = [await findFreePort(), await startHostileServer(stall)];
  return {
    listen: `listen 127.0.0.1:${port};`,
    base: `http://127.0.0.1:${port}`,
    options: {},
    secrets: [],
    hostile,
    hostileBase: `http://127.0.0.1:${hostile.port}`,
  };
}

async function encrypted(directory: string): Promise<Setting> {
  const authority = new Authority();
  const server = authority.issueServer({ name: 'localhost' });
  const client = authority.issueClient({ name: 'site' });
  const passphrase = makeSecret();
  const write = (name: string, content: string) => writeSecret(directory, name, content);
  const ca = await write('ca.pem', authority.cert);
  const options = {
    ca: [ca],
    cert: [await write('client.pem', client.cert)],
    key: [await write('client.key', lockKey(client.key, passphrase))],
    keyPasswordFile: [await write('passphrase', `${passphrase}\n`)],
  };
  const [port, hostile] = [await findFreePort(), await startHostileServer(stall, { tls: server })];
  return {
    listen: `listen 127.0.0.1:${port} ssl;
      ssl_certificate ${await write('server.pem', server.cert)};
      ssl_certificate_key ${await write('server.key', server.key)};
      ssl_client_certificate ${ca};
      ssl_verify_client on;`,
    base: `https://localhost:${port}`,
    options,
    secrets: [passphrase],
    hostile,
    hostileBase: `https://localhost:${hostile.port}`,
  };
}

async function onUnixSocket(directory: string): Promise<Setting> {
  const path = join(directory, 'agent.sock');
  const hostilePath = join(directory, 'hostile.sock');
  return {
    listen: `listen unix:${path};`,
    base: `http+unix://${encodeURIComponent(path)}`,
    options: {},
    secrets: [],
    hostile: await startHostileServer(stall, { path: hostilePath }),
    hostileBase: `http+unix://${encodeURIComponent(hostilePath)}`,
  };
}

/** The same setting with a squid in between that wants to know who comes. */
async function throughSquid(setting: Setting): Promise<Setting> {
  const password = makeSecret();
  const directory = await makeTempDir();
  const squid = await startSquid(directory, { login: { user: 'site', password } });
  const proxyPasswordFile = await writeSecret(directory, 'password', password);
  return {
    ...setting,
    squid: {
      port: squid.port,
      stop: async () => {
        await squid.stop();
        await removeTempDir(directory);
      },
    },
    secrets: [...setting.secrets, password],
    options: {
      ...setting.options,
      proxy: [`http://site@127.0.0.1:${squid.port}`],
      proxyPasswordFile: [proxyPasswordFile],
    },
  };
}

async function startPeer(
  prepare: (directory: string) => Promise<Setting>,
): Promise<ConformancePeer> {
  const directory = await makeTempDir();
  const setting = await prepare(directory);
  const { hostile, hostileBase, squid } = setting;
  const outputs = join(directory, 'outputs');
  await mkdir(outputs);
  const password = makeSecret();
  await writeSecret(directory, 'htpasswd', `site:{PLAIN}${password}\n`);
  const nginx = await startNginx(
    directory,
    `server { ${setting.listen}
      root ${outputs}; auth_basic site; auth_basic_user_file ${directory}/htpasswd;
      location /misdated/ { alias ${outputs}/; add_header Last-Modified yesterday; } }`,
  );
  const options = {
    ...setting.options,
    user: ['site'],
    passwordFile: [await writeSecret(directory, 'password', `${password}\n`)],
  };
  const wrong = await writeSecret(directory, 'wrong', makeSecret());
  return {
    module: http,
    source: toSource(`${setting.base}/{host}`, options),
    offer: (host, output, producedAt) => putFile(join(outputs, host), output, producedAt),
    async offerMisdated(host, output) {
      await putFile(join(outputs, host), output);
      return toSource(`${setting.base}/misdated/{host}`, options);
    },
    withdraw: (host) => rm(join(outputs, host), { force: true }),
    // Squid answers for a peer that is away, and its 503 is PEER.
    ...(squid === undefined ? { absence: { lose: nginx.stop, restore: nginx.start } } : {}),
    stopsHalfWay: toSource(`${hostileBase}/half/{host}`, options),
    hangs: toSource(`${hostileBase}/hang/{host}`, options),
    wrongSecret: toSource(`${setting.base}/{host}`, { ...options, passwordFile: [wrong] }),
    secrets: [...setting.secrets, password],
    leftovers: async () => {
      const open = (await nginx.countConnections()) + hostile.countConnections();
      return open === 0 ? [] : [`${open} connections`];
    },
    close: async () => {
      await squid?.stop();
      await nginx.stop();
      await hostile.close();
      await removeTempDir(directory);
    },
  };
}

export const startPlain = () => startPeer(plain);
export const startEncrypted = () => startPeer(encrypted);
export const startOnUnixSocket = () => startPeer(onUnixSocket);
export const startPlainThroughSquid = () => startPeer(async () => throughSquid(await plain()));
export const startEncryptedThroughSquid = () =>
  startPeer(async (directory) => throughSquid(await encrypted(directory)));
