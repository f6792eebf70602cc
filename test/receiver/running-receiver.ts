/** A receiver on loopback with directories of its own, ended with the test. */

import { readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { files } from '../../src/certs/directory.ts';
import {
  type CertificateStore,
  initCertificates,
  loadCertificates,
} from '../../src/certs/store.ts';
import type { Environment } from '../../src/cli/environment.ts';
import { parseOptions, type RawOptions } from '../../src/cli/options.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import type { LoadUpdates } from '../../src/receiver/extension.ts';
import { receiverOptions, type Settings, toSettings } from '../../src/receiver/options.ts';
import { type Ports, Receiver } from '../../src/receiver/receiver.ts';
import { Accesses, type AccessWish } from '../../src/receiver/state/accesses.ts';
import { Hosts } from '../../src/receiver/state/hosts.ts';
import { Requests } from '../../src/receiver/state/requests.ts';
import { readSpooled, type SpooledOutput } from '../../src/spool/spool.ts';
import { loadRemoteUpdates } from '../../src/updates/remote/loading.ts';
import { loadUpdates } from '../../src/updates/server/loading.ts';
import { type CollectingLog, makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

export const site = 'mysite';

/** What every host that is asked for sends. */
export const goodOutput = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0p1\nAgentOS: linux\n');

export interface RunningReceiver extends Ports {
  readonly receiver: Receiver;
  readonly log: CollectingLog;
  readonly certificates: CertificateStore;
  readonly directory: string;
  readonly accesses: Accesses;
  readonly hosts: Hosts;
  readonly requests: Requests;
  /** A user or token as `cmk-courier hosts token` makes it; resolves with its secret. */
  makeAccess(wish: Partial<AccessWish>): Promise<string>;
  /** The newest output of a host in the spool, as text. */
  readOutput(host: string): Promise<string | undefined>;
  /** The same with all that is known about it. */
  readSpooled(host: string): Promise<SpooledOutput | undefined>;
  /** Ends it and starts another with the same directories. */
  restart(): Promise<Ports & { readonly log: CollectingLog }>;
  /** Serials on the deny list. */
  denied(): readonly string[];
  /** Lines of the log about requests that were refused. */
  refusals(): readonly string[];
}

let made: Promise<string> | undefined;

/** Keys take seconds to make: one set of certificates a test file, copied for each receiver. */
async function copyCertificates(target: string): Promise<CertificateStore> {
  made ??= (async () => {
    const directory = join(await makeTempDir(), 'certificates');
    process.on('exit', () => void removeTempDir(directory));
    await initCertificates(directory, { site, names: ['localhost', '127.0.0.1'] });
    return directory;
  })();
  await cp(await made, target, { recursive: true });
  return loadCertificates(target);
}

function readDenied(directory: string): readonly string[] {
  const lines = readFileSync(join(directory, files.revoked), 'utf8').split('\n');
  return lines.flatMap((line) => line.split(' ')[0] || []);
}

const generous = {
  registrationRate: ['1000'],
  renewalRate: ['10000'],
  failureRate: ['1000'],
  senderUploadRate: ['100000'],
  uploadRate: ['1000000'],
};

/** What `cmk-courier receive` plugs in, where the test has a directory for it, or a centre. */
function findUpdates(
  settings: Settings,
  env: Environment,
  log: CollectingLog,
): LoadUpdates | undefined {
  const { updates, updatesFrom } = settings;
  if (updatesFrom !== undefined) {
    return (services) => loadRemoteUpdates(env, log, { ...settings, updatesFrom }, services);
  }
  return updates === undefined ? undefined : (services) => loadUpdates(env, settings, services);
}

export async function startReceiver(
  owner: Owner,
  options: RawOptions = {},
  clock: Clock = systemClock,
  env: Environment = {},
): Promise<RunningReceiver> {
  const directory = await makeTempDir();
  const certificates = await copyCertificates(join(directory, 'certificates'));
  const settings = toSettings(
    parseOptions(receiverOptions, {
      site: [site],
      listen: ['127.0.0.1:0'],
      certificates: [certificates.directory],
      spool: [join(directory, 'spool')],
      state: [join(directory, 'state')],
      metricsListen: ['127.0.0.1:0'],
      plainListen: ['127.0.0.1:0'],
      drainTimeout: ['2s'],
      ...generous,
      ...options,
    }),
    env,
  );
  const log = makeCollectingLog();
  const load = findUpdates(settings, env, log);
  const receiver = new Receiver(settings, clock, log, load);
  const restarted: Receiver[] = [];
  owner.after(async () => {
    for (const one of [receiver, ...restarted]) await one.stop();
    await removeTempDir(directory);
  });
  const ports = await receiver.start();
  const accesses = await Accesses.open(settings.state);
  const read = (host: string) =>
    readSpooled(settings.spool, parseHostName(host), { log, clock: systemClock });
  return {
    ...ports,
    receiver,
    log,
    certificates,
    directory,
    accesses,
    hosts: await Hosts.open(settings.state),
    requests: await Requests.open(settings.state),
    makeAccess: async (wish) => {
      const defaults = { kind: 'upload', hosts: ['*'], piggyback: [], mode: 'push-agent' } as const;
      const rest = { now: clock.now(), validMs: undefined };
      return (await accesses.make({ ...defaults, ...rest, ...wish })).secret;
    },
    restart: async () => {
      await receiver.stop();
      const again = makeCollectingLog();
      const next = new Receiver(settings, clock, again, load);
      restarted.push(next);
      return { ...(await next.start()), log: again };
    },
    readSpooled: read,
    readOutput: async (host) => (await read(host))?.output.toString('latin1'),
    denied: () => readDenied(certificates.directory),
    refusals: () => log.lines.filter((line) => line.includes('reason:')),
  };
}
