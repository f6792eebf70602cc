/**
 * Three network namespaces, `site — way — host`, so that what happens in between is real: a firewall
 * on the way, a link that is down, an address nobody has. All of it goes at the end.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { waitUntil } from '../../helpers/wait-until.ts';

export const siteAddress = '192.0.2.10';
export const hostAddress = '198.51.100.21';
/** In the network of the host, and nobody's. */
export const unusedAddress = '198.51.100.22';
export const hostAddress6 = '2001:db8:2::21';

export type Place = 'site' | 'way' | 'host';
const places = ['site', 'way', 'host'] as const;

/** Whether namespaces can be made here: a reason not to, or false. */
export function skipWithoutNetworks(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  const script = 'ip link add end0 type veth peer name end1 && nft list ruleset';
  const tried = spawnSync('unshare', ['-n', 'sh', '-c', script], { stdio: 'ignore' });
  return tried.status === 0 ? false : 'needs network namespaces, veth and nftables';
}

/** Names of interfaces have 15 characters at most. */
function nameOf(place: Place, suffix: string): string {
  return `cc${place}${suffix}`;
}

export class NetworkBed {
  readonly #suffix = randomBytes(3).toString('hex');
  readonly #children = new Set<ChildProcess>();

  /** @throws Error when they cannot be made; what was made is gone then */
  constructor() {
    // Not even an interrupt leaves namespaces behind.
    process.once('exit', this.#remove);
    for (const place of places) ip('netns', 'add', this.name(place));
    for (const place of places) {
      // An address may be used at once, without a second of looking for others that have it, and
      // stays while the link is down.
      const settings = ['accept_dad=0', 'keep_addr_on_down=1'].flatMap((setting) =>
        ['all', 'default'].map((which) => `net.ipv6.conf.${which}.${setting}`),
      );
      this.run(place, ['sysctl', '-qw', ...settings]);
      this.run(place, ['ip', 'link', 'set', 'lo', 'up']);
    }
    this.#join('site', '192.0.2', '2001:db8:1:', '10');
    this.#join('host', '198.51.100', '2001:db8:2:', '21');
    this.run('way', [
      ...['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'],
    ]);
    for (const end of ['site', 'host'] as const) this.hosts(end, '127.0.0.1 localhost');
  }

  name(place: Place): string {
    return nameOf(place, this.#suffix);
  }

  /** A cable between the way and one end, with a router at .1 and ::1. */
  #join(end: 'site' | 'host', four: string, six: string, last: string): void {
    const way = this.name('way');
    ip(
      ...['link', 'add', 'up0', 'netns', this.name(end), 'type', 'veth'],
      ...[...['peer', 'name', end, 'netns', way]],
    );
    this.run('way', ['ip', 'addr', 'add', `${four}.1/24`, 'dev', end]);
    this.run('way', ['ip', 'addr', 'add', `${six}:1/64`, 'dev', end, 'nodad']);
    this.run(end, ['ip', 'addr', 'add', `${four}.${last}/24`, 'dev', 'up0']);
    this.run(end, ['ip', 'addr', 'add', `${six}:${last}/64`, 'dev', 'up0', 'nodad']);
    this.run('way', ['ip', 'link', 'set', end, 'up']);
    this.#connectEnd(end, four, six);
  }

  #connectEnd(end: 'site' | 'host', four: string, six: string): void {
    this.run(end, ['ip', 'link', 'set', 'up0', 'up']);
    this.run(end, ['ip', 'route', 'replace', 'default', 'via', `${four}.1`]);
    this.run(end, ['ip', '-6', 'route', 'replace', 'default', 'via', `${six}:1`]);
  }

  /** Runs a program to its end. */
  run(place: Place, command: readonly string[], input = ''): string {
    return execFileSync('ip', ['netns', 'exec', this.name(place), ...command], {
      encoding: 'utf8',
      input,
      stdio: 'pipe',
    });
  }

  /** Rules of nftables, in the table `t`. */
  rules(place: Place, hook: 'input' | 'forward' | 'output', ...rules: readonly string[]): void {
    const chain = `type filter hook ${hook} priority 0;`;
    this.run(
      place,
      ['nft', '-f', '-'],
      `table inet t {\nchain c {\n${chain}\n${rules.join('\n')}\n}\n}\n`,
    );
  }

  /** Starts a program; it is ended by {@link reset}. */
  start(place: Place, command: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.name(place), ...command], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#children.add(child);
    return child;
  }

  /** Starts a program, and waits until it listens. */
  async serve(
    place: Place,
    command: readonly string[],
    { port = 6556, env = {} }: { port?: number; env?: NodeJS.ProcessEnv } = {},
  ): Promise<ChildProcess> {
    const child = this.start(place, command, env);
    const name = this.name(place);
    const listens = () => listensOn(child.pid, port);
    await waitUntil(() => {
      if (child.exitCode !== null) throw new Error(`${command[0]} in ${name} has ended`);
      return listens();
    });
    return child;
  }

  async output(place: Place, command: readonly string[]): Promise<string> {
    const child = this.start(place, command);
    child.stdin?.end();
    const said = child.stdout === null ? '' : await text(child.stdout);
    this.#children.delete(child);
    return said;
  }

  /** All is as it was in the beginning; `spared` go on. */
  async reset(...spared: readonly ChildProcess[]): Promise<void> {
    const ending = [...this.#children].filter((child) => !spared.includes(child));
    for (const child of ending) child.kill('SIGKILL');
    for (const child of ending) this.#children.delete(child);
    const keep = new Set(spared.map(({ pid }) => pid));
    await waitUntil(() => this.#endAll(keep) === 0);
    for (const end of ['site', 'host'] as const) this.hosts(end, '127.0.0.1 localhost');
    for (const place of places) this.run(place, ['nft', 'flush', 'ruleset']);
    spawnSync('tc', ['-n', this.name('way'), 'qdisc', 'del', 'dev', 'host', 'root']);
    this.run('way', ['ip', 'link', 'set', 'host', 'up']);
    this.#connectEnd('site', '192.0.2', '2001:db8:1:');
    this.#connectEnd('host', '198.51.100', '2001:db8:2:');
  }

  /** Ends what runs in the namespaces, by its id; how many there were. */
  #endAll(keep: ReadonlySet<number | undefined> = new Set()): number {
    const pids = places.flatMap((place) =>
      spawnSync('ip', ['netns', 'pids', this.name(place)], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter(Boolean)
        .map(Number),
    );
    const ending = pids.filter((pid) => !keep.has(pid));
    for (const pid of ending) kill(pid);
    return ending.length;
  }

  #remove = (): void => {
    this.#endAll();
    for (const place of places) spawnSync('ip', ['netns', 'del', this.name(place)]);
    rmSync(this.#files('site'), { recursive: true, force: true });
    rmSync(this.#files('host'), { recursive: true, force: true });
  };

  close(): void {
    process.off('exit', this.#remove);
    this.#remove();
  }

  /** `ip netns exec` lays what is there over /etc. */
  #files(place: Place): string {
    return join('/etc/netns', this.name(place));
  }

  /** What names mean there, to programs that are started later. */
  hosts(place: Place, ...lines: readonly string[]): void {
    mkdirSync(this.#files(place), { recursive: true });
    writeFileSync(join(this.#files(place), 'hosts'), `${lines.join('\n')}\n`);
    writeFileSync(join(this.#files(place), 'resolv.conf'), 'nameserver 127.0.0.1\n');
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** By the tables of the namespace that the process is in. */
function listensOn(pid: number | undefined, port: number): boolean {
  const end = new RegExp(
    `^ *\\d+: [0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')} \\S+ 0A `,
    'm',
  );
  const own = readFileSync('/proc/self/net/tcp', 'latin1');
  if (!existsSync(`/proc/${pid}/net/tcp`)) return false;
  return ['tcp', 'tcp6'].some((table) => {
    const listed = readFileSync(`/proc/${pid}/net/${table}`, 'latin1');
    // Before `ip netns exec` has gone in, these are our own.
    return listed !== own && end.test(listed);
  });
}
