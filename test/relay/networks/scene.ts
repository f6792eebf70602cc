/**
 * A site with two receivers, and a relay with many hosts in a network from which nothing but their
 * two ports can be reached, and into which nothing comes.
 */

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { initCertificates } from '../../../src/certs/store.ts';
import { systemClock } from '../../../src/clock.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { Accesses } from '../../../src/receiver/state/accesses.ts';
import { findFarFault, lookUpRelayed } from '../../../src/relay/looking.ts';
import { readSpooled } from '../../../src/spool/reading.ts';
import { NetworkBed, siteAddress } from '../../doctor/networks/bed.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';
import { courier } from '../../helpers/run-program.ts';

const transports = ['file', 'http', 'exec', 'spool', 'tcp'] as const;
export type ReceiverName = 'one' | 'two';
const names = ['one', 'two'] as const;
const ports: Readonly<Record<ReceiverName, number>> = { one: 8000, two: 8001 };
const metricsPorts: Readonly<Record<ReceiverName, number>> = { one: 9100, two: 9101 };
const webPort = 8080;
/** Drops and pushed output are no older than this when a cycle looks at them. */
const renewMs = 2000;
const agents = fileURLToPath(new URL('far-agents.ts', import.meta.url));
const printing = [
  'printf "<<<check_mk>>>\\nVersion: 2.4.0\\n<<<local:sep(0)>>>\\n0 \\"%s\\" - %s\\n"',
  '"$1" $(date +%s%3N)',
].join(' ');

interface Size {
  readonly hosts: number;
  readonly everyS: number;
}

export class RelayScene {
  readonly bed = new NetworkBed();
  readonly hosts: readonly string[];
  readonly #directory: string;
  readonly #size: Size;
  readonly #receivers = new Map<ReceiverName, ChildProcess>();
  #relay: ChildProcess | undefined;

  constructor(directory: string, size: Size) {
    this.#directory = directory;
    this.#size = size;
    this.hosts = Array.from({ length: size.hosts }, (_, n) => `far-${transportOf(n)}-${n}`);
  }

  /** Everything runs when this resolves. */
  async start(): Promise<void> {
    const { bed } = this;
    const certificates = join(this.#directory, 'certificates');
    await initCertificates(certificates, { site: 'mysite', names: [siteAddress] });
    const accesses = await Accesses.open(join(this.#directory, 'state'));
    const wish = { kind: 'upload', hosts: ['far-*'], piggyback: [], mode: 'push-agent' } as const;
    const about = { name: 'far1', now: Date.now(), validMs: undefined };
    const { secret } = await accesses.make({ ...wish, ...about });
    writeFileSync(join(this.#directory, 'token'), secret, { mode: 0o600 });
    const back = 'ct state established accept';
    const icmp = 'meta l4proto { icmp, ipv6-icmp } accept';
    bed.rules('host', 'input', 'iif lo accept', back, icmp, 'drop');
    this.mend();
    await Promise.all([this.startReceiver('one'), this.startReceiver('two')]);
    this.#writeRoutes();
    await this.#startAgents();
    this.startRelay();
  }

  /** Nothing gets through any more, and nobody says so. */
  cut(): void {
    this.bed.run('way', ['nft', 'flush', 'ruleset']);
    this.bed.rules('way', 'forward', 'drop');
  }

  /** Only connections to the receivers get through, from the far side. */
  mend(): void {
    this.bed.run('way', ['nft', 'flush', 'ruleset']);
    const out = `iif host tcp dport { ${Object.values(ports).join(', ')} } accept`;
    this.bed.rules('way', 'forward', 'ct state established accept', out, 'drop');
  }

  async startReceiver(name: ReceiverName): Promise<void> {
    const at = (part: string) => join(this.#directory, part);
    const child = await this.bed.serve(
      'site',
      [
        ...this.#quietly('receiver'),
        ...[courier, 'receive', '--site=mysite', `--listen=:${ports[name]}`],
        ...[`--certificates=${at('certificates')}`, `--state=${at('state')}`],
        ...[`--spool=${at(`spool-${name}`)}`, `--metrics-listen=127.0.0.1:${metricsPorts[name]}`],
      ],
      { port: ports[name] },
    );
    this.#receivers.set(name, child);
  }

  killReceiver(name: ReceiverName): Promise<void> {
    return kill(this.#receivers.get(name));
  }

  startRelay(): void {
    const at = (part: string) => join(this.#directory, part);
    const urls = Object.values(ports).map(
      (port) => `--forward=https://${siteAddress}:${port}/mysite`,
    );
    this.#relay = this.bed.start('host', [
      ...this.#quietly('relay'),
      ...[courier, 'collect', ...urls, `--token-file=${at('token')}`],
      ...[`--ca=${at('certificates/ca.pem')}`, '--contact=2s', `--routes=${at('routes.yaml')}`],
      ...[`--ready=${at('ready')}`, `--spool=${at('spool')}`],
    ]);
  }

  /** With its log in a file. */
  #quietly(name: string): readonly string[] {
    const script = `exec "$@" 2>>${this.#directory}/${name}.log`;
    return ['/bin/sh', '-c', script, 'sh'];
  }

  killRelay(): Promise<void> {
    return kill(this.#relay);
  }

  /** When the newest output of a host was produced, whichever receiver has it. */
  async producedAt(host: string): Promise<number> {
    const times = await Promise.all(names.map((name) => this.#producedIn(name, host)));
    return Math.max(...times);
  }

  async #producedIn(name: ReceiverName, host: string): Promise<number> {
    const directory = join(this.#directory, `spool-${name}`);
    const reading = { log: makeCollectingLog(), clock: systemClock };
    const found = await readSpooled(directory, parseHostName(host), reading).catch(() => undefined);
    if (found === undefined) return 0;
    const nowMs = Date.now();
    const far = await lookUpRelayed(directory, parseHostName(host), found, nowMs);
    if (far !== undefined && findFarFault(far, found, nowMs) !== undefined) return 0;
    // What it says itself is no younger than what is said of it: nothing old is fresh.
    const own = Number(/ - (\d{13})$/m.exec(found.output.toString())?.[1]);
    return Math.min(own, found.producedAt.getTime());
  }

  /** When the newest output of a host was received, whichever receiver has it. */
  async receivedAt(host: string): Promise<number> {
    const reading = { log: makeCollectingLog(), clock: systemClock };
    const found = await Promise.all(
      names.map((name) => readSpooled(this.spoolOf(name), parseHostName(host), reading)),
    );
    return Math.max(...found.map((one) => one?.receivedAt.getTime() ?? 0));
  }

  /** What both receivers have counted since their starts. */
  async counts(): Promise<{ readonly messages: number; readonly outputs: number }> {
    const urls = names.map((name) => `http://127.0.0.1:${metricsPorts[name]}/metrics`);
    const said = await this.bed.output('site', ['curl', '-sS', ...urls]);
    const sum = (metric: string) => {
      const lines = said.matchAll(new RegExp(`^cmk_courier_receiver_${metric} (\\d+)$`, 'gm'));
      return [...lines].reduce((total, [, value]) => total + Number(value), 0);
    };
    return { messages: sum('requests_total'), outputs: sum('relay_outputs_total') };
  }

  spoolOf(name: ReceiverName): string {
    return join(this.#directory, `spool-${name}`);
  }

  #writeRoutes(): void {
    const sources = {
      file: `${this.#directory}/drops/{host}`,
      http: `http://127.0.0.1:${webPort}/{host}`,
      exec: `exec:/bin/sh?arg=-c&arg=${encodeURIComponent(printing)}&arg=sh&arg={host}`,
      spool: `spool:${this.#directory}/pushed`,
      tcp: 'tcp://{address}',
    };
    const every = `every: ${this.#size.everyS}s`;
    const routes = transports.map(
      (name) => `  - { hosts: 'far-${name}-*', sources: '${sources[name]}', ${every} }`,
    );
    const lines = this.hosts.map((host, n) => `${host} ${addressOf(n)}`);
    writeFileSync(join(this.#directory, 'hosts'), `${[...lines, 'near01 -'].join('\n')}\n`);
    routes.push(`  - { hosts: near01, sources: '${sources.exec}', ${every} }`);
    writeFileSync(
      join(this.#directory, 'routes.yaml'),
      `collector: { hostList: ${this.#directory}/hosts }\nroutes:\n${routes.join('\n')}\n`,
    );
  }

  async #startAgents(): Promise<void> {
    mkdirSync(join(this.#directory, 'drops'), { recursive: true });
    const child = this.bed.start('host', [process.execPath, agents]);
    const of = (name: string) => this.hosts.filter((host) => host.startsWith(`far-${name}-`));
    const entries = this.hosts.map((host, n) => [addressOf(n), host] as const);
    const wish = {
      ...{
        directory: this.#directory,
        everyMs: Math.min(this.#size.everyS * 500, renewMs),
        webPort,
      },
      ...{ file: of('file'), spool: of('spool'), hostOfAddress: Object.fromEntries(entries) },
    };
    child.stdin?.end(JSON.stringify(wish));
    await new Promise((resolve) => child.stdout?.once('data', resolve));
  }
}

function transportOf(n: number): string {
  return transports[n % transports.length] ?? '';
}

/** An address of the loopback each. */
function addressOf(n: number): string {
  return `127.0.${1 + Math.trunc(n / 250)}.${1 + (n % 250)}`;
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
