/** The conformance peer of ssh: a real sshd on which agents run. */

import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ssh } from '../../../src/transports/ssh/ssh.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { type Sshd, skipWithoutSshd, startSshd } from '../../peers/sshd.ts';
import { listLeftovers } from './leftovers.ts';
import { toSshSource } from './sources.ts';

export const skipAgents = skipWithoutSshd;

/** One agent a host, which prints what is offered; a host without has no agent. */
export async function startAgents(): Promise<ConformancePeer> {
  const sshd = await startSshd();
  const agents = join(sshd.directory, 'agents');
  await mkdir(agents);
  return toPeer(sshd, agents);
}

async function toPeer(sshd: Sshd, agents: string): Promise<ConformancePeer> {
  const offer = async (host: string, output: Buffer) => {
    await writeFile(join(agents, `${host}.out`), output);
    await writeFile(join(agents, host), `#!/bin/sh\nexec cat '${join(agents, host)}.out'\n`);
    await chmod(join(agents, host), 0o755);
  };
  return {
    module: ssh,
    source: toSshSource(sshd, `${agents}/{host}`),
    tellsTime: 'never',
    offer,
    async withdraw(host) {
      await rm(join(agents, host), { force: true });
      await rm(join(agents, `${host}.out`), { force: true });
    },
    absence: { lose: sshd.lose, restore: sshd.restore },
    stopsHalfWay: toSshSource(sshd, "printf '<<<check_mk>>>\\nVers'; sleep 0.2; kill -9 $PPID"),
    hangs: toSshSource(sshd, 'exec sleep 600'),
    wrongSecret: toSshSource(sshd, 'true', { sshKey: [sshd.wrongKey] }),
    secrets: await readKeyTexts(sshd),
    leftovers: listLeftovers,
    close: sshd.close,
  };
}

/** A line from the middle of each private key. */
async function readKeyTexts({ key, wrongKey }: Sshd): Promise<readonly string[]> {
  const texts = await Promise.all([key, wrongKey].map((path) => readFile(path, 'utf8')));
  return texts.map((text) => text.split('\n')[3] ?? '');
}
