/** A real sshd on a port of its own, with keys and configuration of its own. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { RawOptions } from '../../src/cli/options.ts';
import { type Daemon, startDaemon } from '../helpers/daemon.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { makeAccounts } from './accounts.ts';
import { behindMounts } from './private-mounts.ts';

const run = promisify(execFile);

/** Whether tests with a real sshd have to be skipped: a reason, or false. */
export const skipWithoutSshd =
  skipWithout('sshd') || (process.getuid?.() === 0 ? false : 'sshd needs root to log anybody in');

export interface Sshd {
  readonly port: number;
  /** Private to this sshd; a test may put files there. */
  readonly directory: string;
  /** A key that is let in, and one that is not. */
  readonly key: string;
  readonly wrongKey: string;
  /** Trusts this sshd and nobody else. */
  readonly knownHosts: string;
  /** Options of a transport that gets in. */
  readonly options: RawOptions;
  /** Puts another host key in place of its own; tells nobody. */
  changeHostKey(): Promise<void>;
  /** The listening process goes, and every session with it. */
  lose(): Promise<void>;
  restore(): Promise<void>;
  /** Ends every session, and the commands that run in them. */
  cutOff(): Promise<void>;
  /** What it and its sessions have logged. */
  said(): string;
  close(): Promise<void>;
}

interface Settings {
  /** More lines of sshd_config; the first of a kind counts. */
  readonly configuration?: string;
  readonly port?: number;
  /** What serves sftp; by default a program, which can be seen and ended. */
  readonly sftp?: string;
  /** In front of the key in authorized_keys, such as `command="…",restrict`. */
  readonly keyOptions?: string;
  /** Of root, by which it lets in as well; needs `skipWithoutMounts`. */
  readonly password?: string;
  /** What PAM does for it, with a password. */
  readonly pam?: string;
  /** Of all its keys; `ed25519` by default. */
  readonly keyType?: string;
}

/** Starts an sshd that lets root and others in with one key, for commands, sftp and forwarding. */
export async function startSshd(settings: Settings = {}): Promise<Sshd> {
  // Without it sshd refuses to start; Debian makes it in the service that is not used here.
  if (!existsSync('/run/sshd')) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const directory = await makeTempDir();
  await chmod(directory, 0o755);
  const port = settings.port ?? (await findFreePort());
  const file = (name: string) => join(directory, name);
  for (const name of ['host', 'key', 'wrong']) await makeKey(file(name), '', settings.keyType);
  const keyLine = await readFile(file('key.pub'), 'utf8');
  await writeFile(file('authorized_keys'), `${settings.keyOptions ?? ''} ${keyLine}`.trimStart());
  await writeFile(file('sshd_config'), toConfiguration(directory, port, settings));
  await writeFile(file('known_hosts'), await toKnownHost(port, file('host.pub')));
  const command = ['/usr/sbin/sshd', '-D', '-e', '-f', file('sshd_config')];
  const { places } = settings.password
    ? await makeAccounts(directory, settings.password, settings.pam)
    : { places: undefined };
  const [program = '', ...args] =
    places === undefined ? command : ['unshare', ...behindMounts(places, command)];
  const start = () => startDaemon(program, args, { host: '127.0.0.1', port });
  let daemon: Daemon = await start();
  const cutOff = () => killMarked(directory);
  const lose = async () => {
    await daemon.stop();
    await cutOff();
  };
  return {
    port,
    directory,
    key: file('key'),
    wrongKey: file('wrong'),
    knownHosts: file('known_hosts'),
    options: { sshKey: [file('key')], knownHosts: [file('known_hosts')] },
    async changeHostKey() {
      await makeKey(file('other-host'));
      await copyFile(file('other-host'), file('host'));
      await copyFile(file('other-host.pub'), file('host.pub'));
      await lose();
      daemon = await start();
    },
    lose,
    async restore() {
      daemon = await start();
    },
    cutOff,
    said: () => daemon.said(),
    async close() {
      await lose();
      await removeTempDir(directory);
    },
  };
}

/** An sshd for all tests of a file; `prepare` puts there what they need. */
export function useSshd(
  settings: Settings = {},
  prepare?: (sshd: Sshd) => Promise<void>,
): () => Sshd {
  let sshd: Sshd | undefined;
  before(async () => {
    if (skipWithoutSshd) return;
    sshd = await startSshd(settings);
    await prepare?.(sshd);
  });
  after(() => sshd?.close());
  return () => {
    if (sshd === undefined) throw new Error('there is no sshd before the tests begin');
    return sshd;
  };
}

/** A test that is skipped where no sshd can be started. */
export function sshTest(name: string, run: (test: TestContext) => Promise<void>): void {
  test(name, { skip: skipWithoutSshd, timeout: 120_000 }, run);
}

/** Makes a key pair, `path` and `path.pub`. */
export async function makeKey(path: string, passphrase = '', type = 'ed25519'): Promise<void> {
  await run('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'test', '-f', path]);
}

async function toKnownHost(port: number, publicKey: string): Promise<string> {
  const [type, key] = (await readFile(publicKey, 'utf8')).split(' ');
  return `[127.0.0.1]:${port} ${type} ${key}\n`;
}

/** The home directory is one without a .bashrc: nobody knows what that of the machine does. */
function toConfiguration(
  directory: string,
  port: number,
  { configuration = '', sftp = '/usr/lib/openssh/sftp-server', password }: Settings,
): string {
  return `${configuration}
Port ${port}
ListenAddress 127.0.0.1
HostKey ${directory}/host
AuthorizedKeysFile ${directory}/authorized_keys
SetEnv ${markOf(directory)} HOME=${directory}
StrictModes no
UsePAM no
PidFile none
PermitRootLogin yes
PasswordAuthentication ${password === undefined ? 'no' : 'yes'}
KbdInteractiveAuthentication no
MaxStartups 200
MaxSessions 100
PrintMotd no
Subsystem sftp ${sftp}
`;
}

/** Stands in the environment of every command that runs in a session. */
function markOf(directory: string): string {
  return `COURIER_TEST_SSHD=${directory}`;
}

/** The sessions of this sshd: what carries its mark, and the sshd each of these runs in. */
async function findMarked(directory: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const marked: number[] = [];
  for (const pid of pids) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').includes(markOf(directory))) marked.push(Number(pid));
  }
  return marked;
}

/** Kills by id, and waits until they have gone. */
async function killMarked(directory: string): Promise<void> {
  for (let marked = await findMarked(directory); marked.length > 0; ) {
    for (const pid of marked) kill(pid);
    await sleep(5);
    marked = await findMarked(directory);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
