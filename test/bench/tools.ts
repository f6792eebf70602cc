/** What the courier adds to the bare tools it runs: ssh, with and without multiplexing, and rsync. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { courier } from '../helpers/run-program.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { startRsyncd, toReadModule } from '../peers/rsyncd.ts';
import { type Sshd, startSshd } from '../peers/sshd.ts';
import { type Contestant, interleave, showTimings } from './interleave.ts';
import { sampleOutput } from './sample-output.ts';

/** Three tables: the bare tool first, then the courier. */
export async function benchTools(turns: number): Promise<string> {
  return withTempDir(async (folder) => {
    const drop = join(folder, 'web01');
    writeFileSync(drop, sampleOutput());
    const sshd = await startSshd();
    const rsyncd = await startRsyncd(folder, toReadModule('drops', folder));
    try {
      return [
        await race('ssh, ms', bySsh(sshd, drop), turns),
        await race('ssh, multiplexed, ms', byMultiplexedSsh(sshd, drop, folder), turns),
        await race('rsync from a daemon, ms', byRsync(rsyncd.port, folder), turns),
      ].join('\n\n');
    } finally {
      await rsyncd.stop();
      await sshd.close();
    }
  });
}

async function race(
  title: string,
  contestants: readonly Contestant[],
  turns: number,
): Promise<string> {
  return showTimings(title, await interleave(contestants, turns));
}

function bareSsh({ key, knownHosts, port }: Sshd): readonly string[] {
  const settings = [`UserKnownHostsFile=${knownHosts}`, 'BatchMode=yes', 'IdentitiesOnly=yes'];
  return ['-F', 'none', '-i', key, '-p', String(port), ...settings.flatMap((text) => ['-o', text])];
}

function courierSsh({ key, knownHosts, port }: Sshd, drop: string): readonly string[] {
  const source = `ssh://root@127.0.0.1:${port}/cat%20${drop}`;
  return ['fetch', '--host=web01', `--ssh-key=${key}`, `--known-hosts=${knownHosts}`, source];
}

function bySsh(sshd: Sshd, drop: string): readonly Contestant[] {
  return [
    { name: 'ssh', command: ['ssh', ...bareSsh(sshd), 'root@127.0.0.1', 'cat', drop] },
    { name: 'cmk-courier fetch, ssh:', command: [courier, ...courierSsh(sshd, drop)] },
  ];
}

/** The masters end by themselves, shortly after the last turn. */
function byMultiplexedSsh(sshd: Sshd, drop: string, folder: string): readonly Contestant[] {
  const settings = ['ControlMaster=auto', `ControlPath=${folder}/%C`, 'ControlPersist=3s'];
  const keep = settings.flatMap((text) => ['-o', text]);
  const runtime = join(folder, 'runtime');
  mkdirSync(runtime, { mode: 0o700 });
  return [
    { name: 'ssh', command: ['ssh', ...bareSsh(sshd), ...keep, 'root@127.0.0.1', 'cat', drop] },
    {
      name: 'cmk-courier fetch --multiplex, ssh:',
      command: [courier, ...courierSsh(sshd, drop), '--multiplex=3s'],
      env: { XDG_RUNTIME_DIR: runtime },
    },
  ];
}

const bareRsync =
  'exec rsync --times --max-size=67108864 --timeout=30 --contimeout=10 --no-motd "$0" "$1.$$"';

function byRsync(port: number, folder: string): readonly Contestant[] {
  const url = `rsync://127.0.0.1:${port}/drops/web01`;
  return [
    // A new file each time and the same limits, as the courier has them.
    { name: 'rsync', command: ['sh', '-c', bareRsync, url, join(folder, 'copy')] },
    { name: 'cmk-courier fetch, rsync:', command: [courier, 'fetch', '--host=web01', url] },
  ];
}
