/** Hosts that courier-doctor looks at: directories with the tools and files of a host. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { anotherUser } from '../../helpers/another-user.ts';
import { findProgram } from './courier-agent-shells.ts';

export const doctorFile = fileURLToPath(
  new URL('../../../agents/host/courier-doctor', import.meta.url),
);

export const shellNames = ['dash', 'busybox', 'ksh'] as const;
export type ShellName = (typeof shellNames)[number];

/** What the doctor makes use of, where it is; of the machine's own. */
export const ownTools = [
  ...['awk', 'cat', 'date', 'df', 'head', 'id', 'ls', 'ps', 'sed', 'setsid', 'sleep', 'timeout'],
  ...['tr', 'uname'],
] as const;

interface Owner {
  after(cleanUp: () => void): void;
}

interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** A step of a report, as far as tests look at it. */
export interface Step {
  readonly id: string;
  readonly status: string;
  readonly code: string | null;
  readonly text: string;
  readonly raw_error: string | null;
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface Report {
  readonly host: string;
  readonly run: string | null;
  readonly duration_ms: number | null;
  readonly verdict: string;
  readonly cause: { readonly code: string; readonly step: string; readonly exit: number } | null;
  readonly steps: readonly Step[];
  readonly summary: Readonly<Record<string, number>>;
}

/** Output that nothing is wrong with. */
export const goodOutput = [
  '<<<check_mk>>>',
  'Version: 2.4.0p1',
  'AgentOS: linux',
  '<<<uptime>>>',
  '1 1',
];

const longAgo = 'Mon, 02 Nov 2015 10:00:00 +0000';
const farOff = 'Tue, 02 Nov 2055 10:00:00 +0000';

/** What `cmk-agent-ctl status --json` prints, with one connection unless told otherwise. */
export function controllerStatus({
  connections = 1,
  mode = 'pull-agent',
  from = longAgo,
  to = farOff,
  site = 'site.invalid/mysite',
  port = 8000,
  socket = true,
  legacy = false,
  allowed = [] as readonly string[],
  remote = 'remote_query_disabled' as unknown,
} = {}): string {
  const local = {
    connection_mode: mode,
    cert_info: { issuer: "Site 'mysite' local CA", from, to },
  };
  const uuid = 'd38e7e53-9f0b-4f11-bbb3-fa63d8e4a6c0';
  const one = { site_id: site, receiver_port: port, uuid, local, remote };
  return JSON.stringify({
    version: '2.4.0p1',
    agent_socket_operational: socket,
    ip_allowlist: allowed,
    allow_legacy_pull: legacy,
    connections: Array.from({ length: connections }, () => one),
  });
}

export class FakeHost {
  readonly directory: string;
  readonly bin: string;
  readonly root: string;
  readonly #shell: ShellName;

  constructor(owner: Owner, shell: ShellName = 'dash') {
    this.directory = mkdtempSync(join(tmpdir(), 'courier-doctor-'));
    owner.after(() => rmSync(this.directory, { recursive: true, force: true }));
    // Another user looks at it, too.
    chmodSync(this.directory, 0o755);
    this.#shell = shell;
    this.bin = join(this.directory, 'bin');
    this.root = join(this.directory, 'root');
    mkdirSync(this.bin);
    mkdirSync(this.root);
    const busybox = findProgram('busybox') ?? '';
    for (const tool of ownTools) {
      const file = shell === 'busybox' ? busybox : findProgram(tool);
      if (file !== undefined) symlinkSync(file, join(this.bin, tool));
    }
  }

  /** Puts a program there, in sh. */
  program(name: string, ...lines: readonly string[]): this {
    rmSync(join(this.bin, name), { force: true });
    writeFileSync(join(this.bin, name), `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 });
    return this;
  }

  /** Puts a program of this machine there. */
  tool(name: string): this {
    const file = findProgram(name);
    assert.ok(file !== undefined, `${name} is not installed`);
    symlinkSync(file, join(this.bin, name));
    return this;
  }

  remove(name: string): this {
    unlinkSync(join(this.bin, name));
    return this;
  }

  file(path: string, ...lines: readonly string[]): this {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${lines.join('\n')}\n`);
    return this;
  }

  agent(...output: readonly string[]): this {
    const lines = output.length === 0 ? goodOutput : output;
    return this.program('check_mk_agent', `printf '%s\\n' ${lines.map(quoteForSh).join(' ')}`);
  }

  controller(status: string, dump: readonly string[] = goodOutput): this {
    const said = `printf '%s\\n' ${dump.map(quoteForSh).join(' ')}`;
    return this.program(
      'cmk-agent-ctl',
      `case $1 in status) printf '%s\\n' ${quoteForSh(status)} ;; dump) ${said} ;; esac`,
    );
  }

  /** A host with systemd, whose units are in these states. */
  systemd(socket: string, daemon: string): this {
    mkdirSync(join(this.root, 'run/systemd/system'), { recursive: true });
    return this.program(
      'systemctl',
      'for unit; do :; done',
      `case $unit in check-mk-agent.socket) state=${socket} listen='Listen=/run/check-mk-agent.socket (Stream)' ;; *) state=${daemon} listen= ;; esac`,
      'load=loaded; [ $state != absent ] || load=not-found',
      'printf \'%s\\n\' LoadState=$load ActiveState=$state Result=exit-code "$listen"',
    );
  }

  #command(args: readonly string[], asUser = false): readonly string[] {
    const shell = this.#shell === 'busybox' ? ['busybox', 'sh'] : [this.#shell];
    const user = ['setpriv', `--reuid=${anotherUser}`, `--regid=${anotherUser}`, '--clear-groups'];
    return [...(asUser ? user : []), ...shell, doctorFile, ...args];
  }

  get #env(): NodeJS.ProcessEnv {
    const paths = { COURIER_DOCTOR_PATH: this.bin, COURIER_DOCTOR_ROOT: this.root };
    return { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', ...paths };
  }

  run(args: readonly string[] = [], { env = {}, asUser }: Manner = {}): Run {
    const [program = '', ...rest] = this.#command(args, asUser);
    return spawnSync(program, rest, {
      encoding: 'latin1',
      env: { ...this.#env, ...env },
      input: '',
      timeout: 60_000,
    });
  }

  /** What `--json` prints, with the exit code; this process goes on meanwhile, as a peer of it may. */
  async report(args: readonly string[] = [], { env = {}, asUser }: Manner = {}): Promise<Ended> {
    const [program = '', ...rest] = this.#command(['--json', '--port=1', ...args], asUser);
    const child = spawn(program, rest, {
      env: { ...this.#env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return toReport({ stdout, stderr, status });
  }
}

type Ended = Report & { readonly exit: number | null };

function toReport({ stdout, stderr, status }: Run): Ended {
  assert.equal(stderr, '');
  try {
    return { ...JSON.parse(stdout), exit: status };
  } catch (error) {
    throw new Error(`no JSON: ${stdout}`, { cause: error });
  }
}

interface Manner {
  readonly env?: NodeJS.ProcessEnv;
  readonly asUser?: boolean;
}

function quoteForSh(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function stepOf(report: Report, id: string): Step {
  const found = report.steps.find((step) => step.id === id);
  assert.ok(found !== undefined, `no step ${id}`);
  return found;
}

/** Whether hosts can be made for a shell: a reason not to, or false. */
export function skipShell(shell: ShellName): string | false {
  if (findProgram(shell) === undefined) return `${shell} is not installed`;
  if (shell !== 'busybox') return false;
  // Some builds take their own applets before any program in PATH: no tool could be missing.
  const directory = mkdtempSync(join(tmpdir(), 'courier-doctor-'));
  writeFileSync(join(directory, 'id'), '#!/bin/sh\necho stand-in\n', { mode: 0o755 });
  const { stdout } = spawnSync('busybox', ['sh', '-c', `PATH=${directory}; id`], {
    encoding: 'utf8',
  });
  rmSync(directory, { recursive: true });
  return stdout === 'stand-in\n' ? false : 'this busybox runs its own applets only';
}

/** Registers one test for each shell, side by side; one that cannot be used is skipped. */
export function testInShells(
  name: string,
  run: (t: Owner & { skip(why: string): void }, shell: ShellName) => void | Promise<void>,
): void {
  describe(name, { concurrency: shellNames.length }, () => {
    for (const shell of shellNames) {
      test(`${shell}: ${name}`, { skip: skipShell(shell) }, async (t) => run(t, shell));
    }
  });
}

/** A process of that name that listens; resolves with its port. */
export async function listenAs(owner: Owner, name: string, address: string): Promise<number> {
  const lines = `process.title = ${JSON.stringify(name)};
    const server = require('node:net').createServer((socket) => socket.destroy());
    server.listen(0, ${JSON.stringify(address)}, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['--eval', lines], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  owner.after(() => child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  return Number(said);
}
