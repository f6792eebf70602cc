/** A remote site of a centre, as `cmk-courier receive --updates-from` starts one. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { RawOptions } from '../../src/cli/options.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { findFreePort, portOf } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { type RunningReceiver, startReceiver } from '../receiver/running-receiver.ts';
import { ask, UpdateClient } from './update-client.ts';
import type { UpdateSite } from './update-site.ts';

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

export interface RemoteSite extends RunningReceiver {
  readonly cache: string;
  /** Bases of the listeners with and without TLS. */
  readonly url: string;
  readonly plainUrl: string;
  /** A host that has registered at the centre, through the remote. */
  client(host: string, url?: string): Promise<UpdateClient>;
  /** What /metrics says, without the beginning that all names have. */
  count(name: string): Promise<number>;
}

export async function startRemoteSite(
  owner: Owner,
  centre: Pick<UpdateSite, 'url' | 'token' | 'certificates'>,
  options: RawOptions = {},
  clock: Clock = systemClock,
): Promise<RemoteSite> {
  const cache = join(await makeTempDir(owner), 'cache');
  const plainUrl = `http://127.0.0.1:${await findFreePort()}`;
  const running = await startReceiver(
    owner,
    {
      updatesFrom: [`${centre.url}/mysite`],
      updatesFromCa: [join(centre.certificates.directory, 'ca.pem')],
      updatesFromTimeout: ['1m'],
      updatesCache: [cache],
      updatesPlainListen: [plainUrl.slice('http://'.length)],
      ...options,
    },
    clock,
  );
  const url = `https://127.0.0.1:${running.port}`;
  return {
    ...running,
    ...{ cache, url, plainUrl },
    client: async (host, base = plainUrl) => {
      const client = new UpdateClient(base, host);
      await client.register('token', await centre.token(host));
      return client;
    },
    count: async (name) => {
      const { text } = await ask(`http://127.0.0.1:${running.metricsPort}/metrics`, 'GET');
      const line = new RegExp(`^cmk_courier_receiver_updates_remote_${name} (\\S+)$`, 'm');
      return Number(line.exec(text)?.[1] ?? Number.NaN);
    },
  };
}

/** What becomes of the body of an answer; undefined: 404. */
export type Change = (body: Buffer, path: string) => Buffer | undefined;

/** Hands everything but headers on to the centre, and answers with what it makes of that. */
export async function startLiar(owner: Owner, centre: string) {
  let change: Change = (body) => body;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const path = request.url ?? '';
    const method = request.method ?? 'GET';
    const honest = await ask(`${centre}${path}`, method, Buffer.concat(chunks).toString('latin1'));
    const body = honest.status === 200 ? change(honest.body, path) : honest.body;
    const status = body === undefined ? 404 : honest.status;
    response.writeHead(status, { 'content-length': body?.length ?? 0 }).end(body);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  owner.after(async () => void server.close());
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    lie: (how: Change) => {
      change = how;
    },
  };
}
