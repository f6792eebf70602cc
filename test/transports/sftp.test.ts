import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sftp } from '../../src/transports/sftp/sftp.ts';
import { type ConformancePeer, testTransportConformance } from '../conformance/transport.ts';
import { type Sshd, skipWithoutSshd, startSshd } from '../peers/sshd.ts';
import { toSftpSource } from './sftp/sources.ts';
import { startCutOffServer } from './sftp/stopping-server.ts';
import { listLeftovers } from './ssh/leftovers.ts';

/** One file a host, each moved into its place. */
async function startFiles(): Promise<ConformancePeer> {
  const sshd = await startSshd();
  const files = join(sshd.directory, 'files');
  await mkdir(files);
  const stopping = await startCutOffServer();
  const hanging = await startSshd({ sftp: '/bin/sleep 600' });
  return {
    module: sftp,
    source: toSftpSource(sshd, `${files}/{host}.txt`),
    async offer(host, output) {
      await writeFile(join(files, `.${host}`), output);
      await rename(join(files, `.${host}`), join(files, `${host}.txt`));
    },
    withdraw: (host) => rm(join(files, `${host}.txt`), { force: true }),
    absence: { lose: sshd.lose, restore: sshd.restore },
    stopsHalfWay: stopping.source,
    hangs: toSftpSource(hanging, '/x'),
    wrongSecret: toSftpSource(sshd, `${files}/{host}.txt`, { sshKey: [sshd.wrongKey] }),
    secrets: await readKeyTexts(sshd),
    leftovers: listLeftovers,
    async close() {
      await sshd.close();
      await stopping.close();
      await hanging.close();
    },
  };
}

/** A line from the middle of each private key. */
async function readKeyTexts({ key, wrongKey }: Sshd): Promise<readonly string[]> {
  const texts = await Promise.all([key, wrongKey].map((path) => readFile(path, 'utf8')));
  return texts.map((text) => text.split('\n')[3] ?? '');
}

testTransportConformance('sftp: a file on the host', startFiles, skipWithoutSshd);
