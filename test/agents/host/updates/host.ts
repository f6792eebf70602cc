/** A host in a directory: its base, its inbox, and courier-update under a shell and with tools of choice. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Fields,
  keyOf,
  makePackage,
  makeRoot,
  type Package,
  type PackedFile,
  sign,
  stampLines,
  targetLines,
} from './documents.ts';

const scripts = fileURLToPath(new URL('../../../../agents/host/', import.meta.url));

const updaterFile = join(scripts, 'courier-update');
const launcherFile = join(scripts, 'courier-launch');

export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An agent that prints what it is told. */
export function agentThatPrints(...lines: readonly string[]): string {
  return `#!/bin/sh\nprintf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')}\n`;
}

/** The files of a release whose agent prints its version. */
function releaseFiles(version: string, more: readonly PackedFile[] = []): PackedFile[] {
  const files = [
    {
      path: 'bin/check_mk_agent',
      mode: 0o755,
      content: agentThatPrints('<<<check_mk>>>', `Version: ${version}`, '<<<df>>>', 'x'),
    },
    { path: 'bin/courier-update', mode: 0o755, content: readFileSync(updaterFile) },
    { path: 'bin/courier-launch', mode: 0o755, content: readFileSync(launcherFile) },
    {
      path: 'lib/plugins/courier-update-status',
      mode: 0o755,
      content: readFileSync(launcherFile),
    },
  ];
  const replaced = new Set(more.map(({ path }) => path));
  return [...files.filter(({ path }) => !replaced.has(path)), ...more];
}

export function makeRelease(version: string, more: readonly PackedFile[] = []): Package {
  return makePackage(releaseFiles(version, more));
}

/** Whether the long run of everything is wanted. */
export const isLong = process.env['COURIER_TEST_LONG'] !== undefined;

export interface ShellUnderTest {
  readonly name: string;
  readonly command: readonly string[];
  readonly path: string;
}

const dash: ShellUnderTest = {
  name: 'dash',
  command: ['dash'],
  path: process.env['PATH'] ?? '',
};

/** Whoever can be asked to clean up at its end; a TestContext is one. */
interface Owner {
  after(cleanUp: () => void): void;
}

export class Host {
  readonly root: string;
  readonly base: string;
  readonly inbox: string;
  readonly shell: ShellUnderTest;

  constructor(t: Owner, shell: ShellUnderTest = dash) {
    this.root = mkdtempSync(join(tmpdir(), 'courier-update-'));
    t.after(() => rmSync(this.root, { recursive: true, force: true }));
    this.base = join(this.root, 'base');
    this.inbox = join(this.root, 'inbox');
    this.shell = shell;
    mkdirSync(join(this.base, 'state'), { recursive: true, mode: 0o700 });
    mkdirSync(this.inbox, { mode: 0o700 });
    mkdirSync(join(this.root, 'programs'));
    mkdirSync(join(this.root, 'lib'));
  }

  /** Runs a mode of courier-update. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Answer {
    const [shell = 'sh', ...options] = this.shell.command;
    return this.exec(
      shell,
      [...options, this.updater, ...args, `--base=${this.base}`, '--host=web01'],
      env,
    );
  }

  /** What is run: the script in the tree, or the copy of a test. */
  updater: string = updaterFile;

  exec(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Answer {
    const done: SpawnSyncReturns<string> = spawnSync(program, args, {
      encoding: 'latin1',
      env: { PATH: this.shell.path, MK_VARDIR: join(this.root, 'lib'), ...env },
      input: '',
      timeout: 60_000,
    });
    return { status: done.status, stdout: done.stdout, stderr: done.stderr };
  }

  /** Trusts a root, as an administrator puts it there. */
  trust(root: Buffer = makeRoot()): void {
    writeFileSync(join(this.base, 'state/root'), root, { mode: 0o600 });
  }

  /** Lays documents ready for the next run. */
  offer(pack: Package, target: Fields = {}, stamp: Fields = {}): void {
    const signed = sign(targetLines(pack, target), [keyOf('offline')]);
    this.lay({
      target: signed,
      package: pack.bytes,
      stamp: sign(stampLines(signed, stamp), [keyOf('stamp')]),
    });
  }

  lay(files: Readonly<Record<string, Buffer>>): void {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(this.inbox, name), bytes);
  }

  /** Puts everything in its place, and updates from the inbox. */
  install(...more: readonly string[]): Answer {
    return this.run([
      'install',
      `--inbox=${this.inbox}`,
      `--programs=${join(this.root, 'programs')}`,
      ...more,
    ]);
  }

  update(...more: readonly string[]): Answer {
    return this.run(['update', `--inbox=${this.inbox}`, ...more]);
  }

  /** What the agent prints by way of the launcher. */
  agent(): Answer {
    return this.exec(join(this.base, 'courier-launch'), ['check_mk_agent']);
  }

  /** Becomes what another host is, in a directory of its own. */
  become(other: Host): void {
    cpSync(other.base, this.base, { recursive: true, preserveTimestamps: true });
    const launcher = join(this.base, 'courier-launch');
    for (const name of ['check_mk_agent', 'courier-update']) {
      symlinkSync(launcher, join(this.root, 'programs', name));
    }
    writeFileSync(launcher, readFileSync(launcher, 'utf8').replace(other.base, this.base));
  }

  read(path: string): string {
    const file = join(this.base, path);
    return existsSync(file) ? readFileSync(file, 'latin1') : '';
  }

  /** The state as names and values. */
  floors(): Readonly<Record<string, string>> {
    const lines = this.read('state/floors').trimEnd().split('\n');
    return Object.fromEntries(lines.map((line) => line.split(' ', 2)));
  }

  copyUpdater(change: (text: string) => string): void {
    const directory = join(this.root, 'changed');
    mkdirSync(directory, { recursive: true });
    cpSync(launcherFile, join(directory, 'courier-launch'));
    this.updater = join(directory, 'courier-update');
    writeFileSync(this.updater, change(readFileSync(updaterFile, 'utf8')), { mode: 0o755 });
  }
}
