import assert from 'node:assert/strict';
import { chmod, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach } from 'node:test';
import { sftp } from '../../../src/transports/sftp/sftp.ts';
import type { Delivery } from '../../../src/transports/transport.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { withTempDir } from '../../helpers/temp-dir.ts';
import { sshTest, startSshd } from '../../peers/sshd.ts';
import { assertNoLeftovers } from '../ssh/leftovers.ts';
import { fetchOnce } from '../ssh/sources.ts';
import { toSftpSource } from './sources.ts';

afterEach(assertNoLeftovers);

const before = 'a'.repeat(3_000_000);
const after = 'b'.repeat(3_000_100);

/** Fetches a file from a server that runs a shell command when a part of it has been sent. */
async function fetchWhile(command: string): Promise<Delivery> {
  return withTempDir(async (directory) => {
    await chmod(directory, 0o755);
    await writeFile(join(directory, 'file'), before);
    await utimes(join(directory, 'file'), 1_790_000_000, 1_790_000_000);
    await writeFile(join(directory, 'next'), after);
    const script = join(directory, 'server');
    const relay = `{ stdbuf -o0 head -c 200000; cd '${directory}'; ${command}; cat; }`;
    const lines = `#!/bin/sh\n/usr/lib/openssh/sftp-server | ${relay}\n`;
    await writeFile(script, lines, { mode: 0o755 });
    const sshd = await startSshd({ sftp: script });
    try {
      return await fetchOnce(sftp, toSftpSource(sshd, join(directory, 'file')));
    } finally {
      await sshd.close();
    }
  });
}

sshTest('a file replaced once while it is fetched is fetched again', async () => {
  const { output } = await fetchWhile('[ ! -e next ] || mv next file');
  assert.ok(output.equals(Buffer.from(after)));
});

sshTest('a file overwritten once while it is fetched is fetched again', async () => {
  const { output } = await fetchWhile('[ ! -e next ] || { cat next > file; rm next; }');
  assert.ok(output.equals(Buffer.from(after)));
});

sshTest('a file that changes whenever it is fetched is TIMEOUT, and never delivered', async () => {
  const touchAnew = 'echo more >> file; touch -d "@$((1800000000 + $$))" file';
  const fault = await expectFault(fetchWhile(touchAnew), 'TIMEOUT');
  assert.match(fault.message, / changes whenever it is fetched; write under another name, then /);
});

sshTest('a file that is cut short while it is fetched is fetched again', async () => {
  const { output } = await fetchWhile('[ ! -e next ] || { echo new > file; rm next; }');
  assert.equal(output.toString(), 'new\n');
});

sshTest('a file that vanishes while it is fetched is NO_OUTPUT', async () => {
  const fault = await expectFault(fetchWhile('rm file'), 'NO_OUTPUT');
  assert.match(fault.message, /file on 127\.0\.0\.1:\d+ vanished while it was fetched$/);
});
