/** An sshd whose sftp server ends in the middle of a file. */

import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from '../../../src/transports/source.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { startSshd } from '../../peers/sshd.ts';
import { toSftpSource } from './sources.ts';

interface StoppingServer {
  readonly source: Source;
  close(): Promise<void>;
}

/** Sends a part of what the real server sends, then ends the session it runs in. */
export async function startCutOffServer(): Promise<StoppingServer> {
  const directory = await makeTempDir();
  await chmod(directory, 0o755);
  const script = join(directory, 'server');
  const server = '/usr/lib/openssh/sftp-server';
  const lines = `${server} | { stdbuf -o0 head -c 300000; kill -9 $PPID; }`;
  await writeFile(script, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  await writeFile(join(directory, 'large'), Buffer.alloc(3_000_000, '<<<check_mk>>>\n'));
  const sshd = await startSshd({ sftp: script });
  return {
    source: toSftpSource(sshd, join(directory, 'large')),
    async close() {
      await sshd.close();
      await removeTempDir(directory);
    },
  };
}
