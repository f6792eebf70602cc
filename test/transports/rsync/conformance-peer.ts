/** The conformance peers of rsync: a real daemon, and files behind a real sshd. */

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawOptions } from '../../../src/cli/options.ts';
import { rsync } from '../../../src/transports/rsync/rsync.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import { makeOutput } from '../../conformance/fetching.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { startHostileServer } from '../../helpers/hostile-server.ts';
import { putFile } from '../../helpers/put-file.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { startTcpProxy } from '../../helpers/tcp-proxy.ts';
import type { TcpWay } from '../../helpers/tcp-way.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { startRsyncd, toReadModule } from '../../peers/rsyncd.ts';
import { type Sshd, skipWithoutSshd, startSshd } from '../../peers/sshd.ts';
import { listLeftovers } from './leftovers.ts';

export const skipDaemon = skipWithout('rsync');
export const skipSshFiles = skipDaemon || skipWithoutSshd;

function toSource(uri: string, options: RawOptions = {}): Source {
  return { uri: parseSourceUri(uri), options };
}

async function writeSecret(path: string, secret: string): Promise<string> {
  await writeFile(path, secret, { mode: 0o600 });
  return path;
}

/** Ends the connection in the middle of the file. */
function cut(_piece: Buffer, bytesBefore: number): void {
  if (bytesBefore > 200_000) throw new Error('cut');
}

export async function startDaemon(): Promise<ConformancePeer> {
  const directory = await makeTempDir();
  const drops = await makeTempDir();
  const password = randomBytes(12).toString('hex');
  await writeSecret(join(directory, 'secrets'), `mon:${password}\n`);
  const passwordFile = await writeSecret(join(directory, 'password'), `${password}\n`);
  const wrongFile = await writeSecret(join(directory, 'wrong'), randomBytes(12).toString('hex'));
  const auth = `auth users = mon\nsecrets file = ${join(directory, 'secrets')}\n`;
  const daemon = await startRsyncd(directory, toReadModule('drops', drops, auth));
  const silent = await startHostileServer(() => undefined);
  const cutting = await startTcpProxy(daemon.port, cut);
  await writeFile(join(drops, 'half'), makeOutput(1_000_000));
  const pathOf = (host: string) => join(drops, `${host}.txt`);
  const at = (port: number, path: string) => `rsync://mon@127.0.0.1:${port}/drops/${path}`;
  return {
    module: rsync,
    source: toSource(at(daemon.port, '{host}.txt'), { passwordFile: [passwordFile] }),
    stopsHalfWay: toSource(at(cutting.port, 'half'), { passwordFile: [passwordFile] }),
    hangs: toSource(at(silent.port, '{host}.txt'), { passwordFile: [passwordFile] }),
    wrongSecret: toSource(at(daemon.port, '{host}.txt'), { passwordFile: [wrongFile] }),
    secrets: [password],
    absence: { lose: daemon.stop, restore: daemon.start },
    offer: (host, output, producedAt) => putFile(pathOf(host), output, producedAt),
    withdraw: (host) => rm(pathOf(host), { force: true }),
    leftovers: () => listLeftovers(),
    async close() {
      await Promise.all([daemon.stop(), silent.close(), cutting.close()]);
      await Promise.all([removeTempDir(directory), removeTempDir(drops)]);
    },
  };
}

/** The same sshd seen through a connection that breaks in the middle of a file. */
async function startBreaking(sshd: Sshd): Promise<TcpWay & { readonly options: RawOptions }> {
  const proxy = await startTcpProxy(sshd.port, cut);
  const known = await readFile(sshd.knownHosts, 'utf8');
  const knownHosts = join(sshd.directory, 'known_hosts.breaking');
  await writeFile(knownHosts, known.replaceAll(`:${sshd.port} `, `:${proxy.port} `));
  return { ...proxy, options: { ...sshd.options, knownHosts: [knownHosts] } };
}

export async function startSshFiles(): Promise<ConformancePeer> {
  const sshd = await startSshd();
  const hanging = await startSshd({ keyOptions: 'command="exec sleep 600"' });
  const breaking = await startBreaking(sshd);
  const files = join(sshd.directory, 'files');
  await mkdir(files);
  await writeFile(join(files, 'half'), makeOutput(1_000_000));
  const pathOf = (host: string) => join(files, `${host}.txt`);
  const at = (port: number, path: string) => `rsync+ssh://root@127.0.0.1:${port}${path}`;
  const source = at(sshd.port, pathOf('{host}'));
  return {
    module: rsync,
    source: toSource(source, sshd.options),
    stopsHalfWay: toSource(at(breaking.port, join(files, 'half')), breaking.options),
    hangs: toSource(at(hanging.port, '/x'), hanging.options),
    wrongSecret: toSource(source, { ...sshd.options, sshKey: [sshd.wrongKey] }),
    secrets: [],
    absence: { lose: sshd.lose, restore: sshd.restore },
    offer: (host, output, producedAt) => putFile(pathOf(host), output, producedAt),
    withdraw: (host) => rm(pathOf(host), { force: true }),
    leftovers: () => listLeftovers(),
    async close() {
      await Promise.all([breaking.close(), hanging.close(), sshd.close()]);
    },
  };
}
