/** A host in a directory: its base, its inbox, and courier-update under a shell of choice. */

import {
  chmodSync,
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
import { start } from '../../../helpers/run-program.ts';
import {
  type HostStamp,
  sha256,
  signed,
  type Target,
  writeTarget,
} from '../../../peers/update-documents.ts';
import { SimulatedRepository } from '../../../peers/update-repository.ts';
import type { UpdateServer } from '../../../peers/update-server.ts';
import { launcherFile, type Package, updaterFile } from './packages.ts';

/** Whether the long run of everything is wanted. */
export const isLong = process.env['COURIER_TEST_LONG'] !== undefined;

/** Why a test is left out of the short run. */
export const inLong = !isLong && 'in the long run only';

export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ShellUnderTest {
  readonly name: string;
  readonly command: readonly string[];
  readonly path: string;
}

const dash: ShellUnderTest = {
  name: 'dash',
  command: ['/bin/sh'],
  path: process.env['PATH'] ?? '',
};

/** Whoever can be asked to clean up at its end; a TestContext is one. */
interface Owner {
  after(cleanUp: () => void): void;
}

type Environment = Readonly<Record<string, string>>;

export class Host {
  readonly root = mkdtempSync(join(tmpdir(), 'courier-update-'));
  readonly base = join(this.root, 'base');
  readonly inbox = join(this.root, 'inbox');
  readonly repository: SimulatedRepository;
  readonly shell: ShellUnderTest;
  /** Where programs are looked for. */
  path: string;
  /** What is run: the script of the tree, or a copy that a test has changed. */
  updater: string = updaterFile;
  readonly #server: UpdateServer | undefined;

  /** Without a server everything comes from the inbox. */
  constructor(
    owner: Owner,
    { shell = dash, server }: { shell?: ShellUnderTest; server?: UpdateServer } = {},
  ) {
    owner.after(() => rmSync(this.root, { recursive: true, force: true }));
    this.shell = shell;
    this.path = shell.path;
    this.#server = server;
    this.repository = server?.repository ?? new SimulatedRepository();
    mkdirSync(join(this.base, 'state'), { recursive: true, mode: 0o700 });
    mkdirSync(this.inbox, { mode: 0o700 });
    mkdirSync(join(this.root, 'programs'));
    mkdirSync(join(this.root, 'lib'));
  }

  /** Runs a mode of courier-update. */
  run(args: readonly string[], env: Environment = {}): Promise<Answer> {
    const [shell = 'sh', ...options] = this.shell.command;
    const all = [...options, this.updater, ...args, `--base=${this.base}`];
    return this.exec(shell, this.#server === undefined ? [...all, '--host=web01'] : all, env);
  }

  async exec(program: string, args: readonly string[], env: Environment = {}): Promise<Answer> {
    const running = start(program, args, {
      env: { PATH: this.path, MK_VARDIR: join(this.root, 'lib'), ...env },
    });
    const { code, stdout, stderr } = await running.ended;
    return { status: code, stdout: stdout.toString('latin1'), stderr };
  }

  /** Trusts the first root, as an administrator puts it there. */
  trust(root: Buffer = this.repository.roots.get(1) ?? this.repository.addRoot()): void {
    this.write('state/root', root);
  }

  /** As a registration leaves it: the host is known to the server. */
  register(server: UpdateServer): void {
    this.trust();
    this.write('state/secret', server.addHost('web01'));
    this.write(
      'state/registration',
      `server ${server.url}\nhost web01\nplatform linux-tgz\nallow-http yes\n`,
    );
  }

  write(path: string, content: string | Buffer): void {
    writeFileSync(join(this.base, path), content, { mode: 0o600 });
  }

  /** Signs a target for a package; lays it into the inbox, or has the server offer it. */
  offer(pack: Package, target: Partial<Target> = {}, stamp: Partial<HostStamp> = {}): void {
    const agent = { agentHash: pack.hash, agentVersion: '2.4.0p1' };
    const made = this.repository.makeTarget('web01', pack.bytes, { selfTestSeconds: 20 });
    const wanted = made.package && { ...made.package, ...agent };
    const whole: Target = { ...made, package: wanted, ...target };
    const bytes = signed(writeTarget(whole), this.repository.releaseKeys);
    this.repository.offerTarget('web01', whole, bytes);
    if (this.#server !== undefined) return;
    this.lay({ target: bytes, package: pack.bytes, stamp: this.makeStamp(stamp) });
  }

  /** A stamp that nobody has asked for. */
  makeStamp(changes: Partial<HostStamp> = {}): Buffer {
    const { repository } = this;
    const { changeStamp } = repository;
    repository.changeStamp = () => ({ nonce: undefined, ...changes });
    const stamp = repository.stamp({ host: 'web01', nonce: '' });
    repository.changeStamp = changeStamp;
    return stamp;
  }

  /** A PATH in which a program is another one. */
  substitute(program: string, ...lines: readonly string[]): string {
    const directory = join(this.root, `instead-of-${program}`);
    mkdirSync(directory, { recursive: true });
    const text = `#!/bin/sh\n${lines.join('\n')}\n`;
    writeFileSync(join(directory, program), text, { mode: 0o755 });
    return `${directory}:${this.shell.path}`;
  }

  lay(files: Readonly<Record<string, Buffer>>): void {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(this.inbox, name), bytes);
  }

  /** Puts everything in its place, and updates. */
  install(...more: readonly string[]): Promise<Answer> {
    return this.run([
      'install',
      ...this.#source,
      `--programs=${join(this.root, 'programs')}`,
      ...more,
    ]);
  }

  update(...more: readonly string[]): Promise<Answer> {
    return this.run(['update', ...this.#source, ...more]);
  }

  get #source(): readonly string[] {
    return this.#server === undefined ? [`--inbox=${this.inbox}`] : [];
  }

  /** What the agent prints by way of the launcher. */
  agent(): Promise<Answer> {
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
    for (const [version, root] of other.repository.roots) this.repository.roots.set(version, root);
    this.repository.counter = other.repository.counter;
    this.repository.serial = other.repository.serial;
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

  /** Puts one of the floors where it was not. */
  floor(name: string, value: string): void {
    const lines = Object.entries({ ...this.floors(), [name]: value }).filter(
      ([one]) => one !== 'sum',
    );
    const text = lines.map(([one, is]) => `${one} ${is}\n`).join('');
    for (const file of ['floors', 'floors.last'])
      this.write(`state/${file}`, `${text}sum ${sha256(text)}\n`);
  }

  /** Lays a stamp where every run looks for one. */
  fromInbox(stamp: Buffer): void {
    mkdirSync(join(this.base, 'inbox'), { mode: 0o700 });
    this.write('inbox/stamp', stamp);
  }

  /** Lets everybody write to the directory above the base. */
  open(): void {
    chmodSync(this.root, 0o777);
  }

  /** Has a copy run that is another in one place. */
  copyUpdater(change: (text: string) => string): void {
    const directory = join(this.root, 'changed');
    mkdirSync(directory, { recursive: true });
    cpSync(launcherFile, join(directory, 'courier-launch'));
    this.updater = join(directory, 'courier-update');
    writeFileSync(this.updater, change(readFileSync(updaterFile, 'utf8')), { mode: 0o755 });
  }
}
