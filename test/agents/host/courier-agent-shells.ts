import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

export const agentFile = fileURLToPath(
  new URL('../../../agents/host/courier-agent', import.meta.url),
);

/** A shell the agent must run under, with the directory its tools come from. */
export interface Shell {
  readonly name: string;
  readonly file: string;
  readonly path: string;
}

/** Directories of one test that stand for those of Checkmk's agent. */
export interface Directories {
  readonly root: string;
  readonly local: string;
  readonly spool: string;
}

export type Environment = Readonly<Record<string, string>>;

export function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((file) => existsSync(file));
}

/** BusyBox with its own applets only, so the GNU tools of this machine stay out of sight. */
function installBusybox(): Shell | undefined {
  const busybox = findProgram('busybox');
  if (busybox === undefined) return undefined;
  const path = mkdtempSync(join(tmpdir(), 'courier-agent-busybox-'));
  after(() => rmSync(path, { recursive: true }));
  spawnSync(busybox, ['--install', '-s', path]);
  return { name: 'busybox', file: join(path, 'sh'), path };
}

function findShell(name: string): Shell | undefined {
  const file = findProgram(name);
  return file === undefined ? undefined : { name, file, path: process.env.PATH ?? '' };
}

const shells = new Map([
  ['dash', findShell('dash')],
  ['busybox', installBusybox()],
  ['ksh', findShell('ksh')],
]);

/** Registers one test for each shell; a shell that is not installed is skipped. */
export function testInShells(
  name: string,
  run: (shell: Shell, directories: Directories) => void | Promise<void>,
  names: readonly string[] = [...shells.keys()],
): void {
  for (const [shellName, shell] of shells) {
    if (!names.includes(shellName)) continue;
    const skip = shell === undefined ? `${shellName} is not installed` : false;
    test(`${shellName}: ${name}`, { skip }, async (t) => {
      if (shell !== undefined) await run(shell, makeDirectories(t));
    });
  }
}

function makeDirectories(t: TestContext): Directories {
  const root = mkdtempSync(join(tmpdir(), 'courier-agent-'));
  t.after(() => rmSync(root, { recursive: true }));
  const directories = { root, local: join(root, 'local'), spool: join(root, 'spool') };
  mkdirSync(directories.local);
  mkdirSync(directories.spool);
  return directories;
}

export function agentEnvironment(shell: Shell, directories: Directories): Record<string, string> {
  const { root } = directories;
  return { PATH: shell.path, MK_LIBDIR: root, MK_VARDIR: root, MK_CONFDIR: '/etc/check_mk' };
}

/** Runs the agent as an administrator would; output is read as bytes, one character each. */
export function runAgent(
  shell: Shell,
  directories: Directories,
  environment: Environment = {},
  args: readonly string[] = [],
): SpawnSyncReturns<string> {
  return spawnSync(shell.file, [agentFile, ...args], {
    encoding: 'latin1',
    env: { ...agentEnvironment(shell, directories), ...environment },
    input: 'never read\n',
    timeout: 30_000,
  });
}

/** Loads the agent without running it, then runs `script`, which may replace its commands. */
export function runInLibrary(
  shell: Shell,
  directories: Directories,
  script: string,
): SpawnSyncReturns<string> {
  return spawnSync(shell.file, ['-c', `. "$0"\n${script}`, agentFile], {
    encoding: 'latin1',
    env: { ...agentEnvironment(shell, directories), COURIER_AGENT_LIBRARY: '1' },
    input: '',
    timeout: 30_000,
  });
}

export function writeScript(file: string, ...lines: readonly string[]): void {
  writeFileSync(file, `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 });
}

/** Lines without the blank ones, which Checkmk drops. */
export function toLines(output: string): string[] {
  return output.split('\n').filter((line) => line !== '');
}

/** The lines below a header, up to the next header. */
export function sectionLines(output: string, header: string): string[] {
  const lines = toLines(output);
  const start = lines.indexOf(header);
  assert.notEqual(start, -1, `no ${header}`);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith('<<<'));
  return end === -1 ? rest : rest.slice(0, end);
}

/** Whether a process still runs; a zombie nobody has collected yet does not. */
export function isRunning(pid: string): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !status.slice(status.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return false;
  }
}
