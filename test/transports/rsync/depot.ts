/** An rsync daemon with a module or more, and how a test fetches from it. */

import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import type { FaultCode } from '../../../src/faults/errors.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { rsync } from '../../../src/transports/rsync/rsync.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import {
  type Delivery,
  type OpenContext,
  withTransport,
} from '../../../src/transports/transport.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { startRsyncd, toReadModule } from '../../peers/rsyncd.ts';
import { assertNoLeftovers } from './leftovers.ts';

interface Fetching {
  readonly port?: number;
  readonly user?: string;
  readonly options?: RawOptions;
  readonly context?: Partial<OpenContext>;
}

export interface Depot {
  readonly port: number;
  /** For files of the test that nobody may fetch. */
  readonly directory: string;
  /** Puts a file into the module's directory. */
  drop(name: string, bytes: string | Buffer): Promise<string>;
  /** Fetches `module/path`, given as it is in the file system. */
  fetch(path: string, fetching?: Fetching): Promise<Delivery>;
  /** The message of a fetch that fails, without what was fetched. */
  messageFor(path: string, code: FaultCode, fetching?: Fetching): Promise<string>;
}

/**
 * Starts a daemon with the module `drops`; all is gone at the end of the test.
 *
 * @param toModules more modules, for the directory of `drops` and the private one
 */
export async function startDepot(
  test: TestContext,
  toModules: (drops: string, directory: string) => string = () => '',
): Promise<Depot> {
  const directory = await makeTempDir(test);
  const drops = await makeTempDir(test);
  await chmod(drops, 0o755);
  const modules = toReadModule('drops', drops) + toModules(drops, directory);
  const { port, stop } = await startRsyncd(directory, modules);
  test.after(() => assertNoLeftovers());
  test.after(stop);
  const fetch = (path: string, fetching: Fetching = {}) => fetchFrom(port, path, fetching);
  return {
    port,
    directory,
    fetch,
    async drop(name, bytes) {
      await writeFile(join(drops, name), bytes);
      return join(drops, name);
    },
    async messageFor(path, code, fetching) {
      const { message } = await expectFault(fetch(path, fetching), code);
      return message.replace(/^fetching rsync:\/\/\S+: /, '');
    },
  };
}

async function fetchFrom(
  daemonPort: number,
  path: string,
  { port = daemonPort, user, options = {}, context }: Fetching,
): Promise<Delivery> {
  const name = path.split('/').map(encodeURIComponent).join('/');
  const login = user === undefined ? '' : `${user}@`;
  const uri = parseSourceUri(`rsync://${login}127.0.0.1:${port}/${name}`);
  const open = makeOpenContext({ env: process.env, ...context });
  const target = { host: parseHostName('web01'), address: undefined };
  return withTransport(rsync, { uri, options }, open, (transport) =>
    transport.fetch(target, open.signal),
  );
}
