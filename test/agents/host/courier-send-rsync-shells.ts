/** Runs courier-send-rsync in every shell. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Running, start } from '../../helpers/run-program.ts';
import { findProgram, type Shell, testInShells, writeScript } from './courier-agent-shells.ts';

export const sendRsyncFile = fileURLToPath(
  new URL('../../../agents/host/courier-send-rsync', import.meta.url),
);

/** What one test sends with. */
export interface Sender {
  readonly shell: Shell;
  readonly root: string;
  /** For the script's temporary files. */
  readonly temporary: string;
  readonly agent: string;
  readonly lock: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Registers one test for each shell. */
export function testSending(name: string, run: (sender: Sender) => void | Promise<void>): void {
  testInShells(name, (shell, { root }) => run(makeSender(shell, root)));
}

function makeSender(shell: Shell, root: string): Sender {
  const temporary = join(root, 'tmp');
  const programs = join(root, 'bin');
  for (const directory of [temporary, programs]) mkdirSync(directory);
  for (const name of ['rsync', 'ssh']) {
    const program = findProgram(name);
    if (program !== undefined) symlinkSync(program, join(programs, name));
  }
  return {
    shell,
    root,
    temporary,
    agent: join(root, 'agent'),
    lock: join(root, 'lock'),
    env: { PATH: `${programs}:${shell.path}`, TMPDIR: temporary, HOME: root },
  };
}

/** An agent that prints these bytes. */
export function writeAgent({ root, agent }: Sender, bytes: Buffer): void {
  writeFileSync(join(root, 'printed'), bytes);
  writeScript(agent, `cat '${root}/printed'`);
}

function usualArguments({ agent, lock }: Sender): readonly string[] {
  return [`--agent=${agent}`, '--host=web01', `--lock=${lock}`];
}

export function send(sender: Sender, args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(sender.shell.file, [sendRsyncFile, ...usualArguments(sender), ...args], {
    encoding: 'utf8',
    env: sender.env,
    timeout: 60_000,
  });
}

/** The same without waiting for the end; needed where the far end lives in this process. */
export function startSending(sender: Sender, args: readonly string[]): Running {
  const { shell, env } = sender;
  return start(shell.file, [sendRsyncFile, ...usualArguments(sender), ...args], { env });
}

/** What is left of a run: temporary files, and the lock. */
export function listLeftovers({ temporary, root }: Sender): readonly string[] {
  const locks = readdirSync(root).filter((name) => name.startsWith('lock'));
  return [...readdirSync(temporary), ...locks];
}

/** Processes of a run that are still there, whoever is their parent now. */
export function listProcesses({ root }: Sender): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && readCommandLine(name).includes(root))
    .map((name) => `${name} ${readCommandLine(name)}`);
}

/** Empty for a process that has ended meanwhile. */
function readCommandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
