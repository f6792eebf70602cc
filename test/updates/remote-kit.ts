/** A remote site of a centre, as `cmk-courier receive --updates-from` starts one. */

import { join } from 'node:path';
import type { RawOptions } from '../../src/cli/options.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { findFreePort } from '../helpers/free-port.ts';
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
