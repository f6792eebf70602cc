/** The conformance peer of sftp: files behind a real sshd. */

import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sftp } from '../../../src/transports/sftp/sftp.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { putFile } from '../../helpers/put-file.ts';
import { type Sshd, skipWithoutSshd, startSshd } from '../../peers/sshd.ts';
import { listLeftovers } from '../ssh/leftovers.ts';
import { toSftpSource } from './sources.ts';
import { startCutOffServer } from './stopping-server.ts';

export const skipFiles = skipWithoutSshd;

/** One file a host, each moved into its place. */
export async function startFiles(): Promise<ConformancePeer> {
  const sshd = await startSshd();
  const files = join(sshd.directory, 'files');
  await mkdir(files);
  const stopping = await startCutOffServer();
  const hanging = await startSshd({ sftp: '/bin/sleep 600' });
  return {
    module: sftp,
    source: toSftpSource(sshd, `${files}/{host}.txt`),
    offer: (host, output, producedAt) => putFile(join(files, `${host}.txt`), output, producedAt),
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
