/**
 * nats-servers with JetStream on free ports of loopback: one, or a cluster of three. Each can be
 * ended, killed, paused and started again by itself, and keeps what it has stored.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Authority } from '../helpers/certificates.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { natsProgram } from './nats-program.ts';

export interface NatsWanted {
  /** Servers; from two on they are a cluster. 1 by default. */
  readonly servers?: 1 | 3;
  /** Whether clients must speak TLS. */
  readonly tls?: boolean;
  /** More lines of each server's configuration: accounts, limits, `max_payload`. */
  readonly configuration?: string;
  /** Where server `index` keeps its streams; below the peer's directory by default. */
  readonly storeOf?: (index: number) => string | undefined;
  /** The program; that of `natsProgram` by default. */
  readonly program?: string;
}

/** One server; what is told of clients is told of ports that stay when it starts again. */
export interface NatsServer {
  readonly name: string;
  readonly port: number;
  /** `nats://127.0.0.1:PORT`, `tls:` with TLS. */
  readonly url: string;
  readonly isRunning: boolean;
  /** What it has written. */
  readonly said: () => string;
  /** Resolves when it takes clients and, with the others, streams. */
  start(): Promise<void>;
  /** The same, without a wait. */
  launch(): void;
  /** Politely: it hands over what it leads. */
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
  /** What its monitoring port says, such as `/connz`; undefined when it does not. */
  ask(path: string): Promise<unknown>;
}

export interface NatsPeer {
  readonly servers: readonly NatsServer[];
  readonly urls: readonly string[];
  readonly directory: string;
  /** The authority of their certificates, which are for `localhost` and 127.0.0.1: PEM, and its file. */
  readonly authority: Authority;
  readonly caFile: string;
  /** The server that leads a stream, by its name; undefined while there is none. */
  findLeader(stream: string): Promise<NatsServer | undefined>;
  /** Resolves when every server is there and knows what the others know. */
  settle(): Promise<void>;
  /** Ends all and removes everything. */
  close(): Promise<void>;
}

const patienceMs = 60_000;

/** Starts them and waits until they take streams. */
export async function startNatsServers(wanted: NatsWanted = {}): Promise<NatsPeer> {
  const directory = await makeTempDir();
  const authority = new Authority();
  const caFile = await writeCertificates(directory, authority);
  const count = wanted.servers ?? 1;
  const places = [];
  for (let index = 0; index < count; index += 1) {
    const [port, http, route] = [await findFreePort(), await findFreePort(), await findFreePort()];
    places.push({ name: `n${index + 1}`, port, http, route });
  }
  const servers: Server[] = [];
  for (const [index, place] of places.entries()) {
    const store = wanted.storeOf?.(index) ?? join(directory, place.name);
    await mkdir(store, { recursive: true });
    const file = join(directory, `${place.name}.conf`);
    await writeFile(file, toConfiguration({ place, places, store, directory }, wanted));
    servers.push(new Server(wanted.program ?? natsProgram(), file, place, wanted.tls === true));
  }
  const peer: NatsPeer = {
    servers,
    urls: servers.map(({ url }) => url),
    directory,
    authority,
    caFile,
    findLeader: (stream) => findLeader(servers, stream),
    settle: async () => {
      for (const server of servers) await server.waitUntilHealthy();
    },
    close: async () => {
      await Promise.all(servers.map((server) => server.kill()));
      await removeTempDir(directory);
    },
  };
  try {
    for (const server of servers) server.launch();
    await peer.settle();
    return peer;
  } catch (error) {
    await peer.close();
    throw error;
  }
}

interface Place {
  readonly name: string;
  readonly port: number;
  readonly http: number;
  readonly route: number;
}

class Server implements NatsServer {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  readonly #http: number;
  readonly #command: readonly [program: string, file: string];
  #child: ChildProcess | undefined;
  #said = '';

  constructor(program: string, file: string, place: Place, tls: boolean) {
    this.name = place.name;
    this.port = place.port;
    this.#http = place.http;
    this.#command = [program, file];
    this.url = `${tls ? 'tls' : 'nats'}://127.0.0.1:${place.port}`;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  readonly said = () => this.#said;

  launch(): void {
    const [program, file] = this.#command;
    const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` };
    const child = spawn(program, ['-c', file], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    child.on('error', (error) => {
      this.#said += error.message;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-100_000);
    });
    this.#child = child;
  }

  async start(): Promise<void> {
    if (!this.isRunning) this.launch();
    await this.waitUntilHealthy();
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    // One that is paused hears of it then.
    child.kill('SIGCONT');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async ask(path: string): Promise<unknown> {
    try {
      const signal = AbortSignal.timeout(2000);
      const answer = await fetch(`http://127.0.0.1:${this.#http}${path}`, { signal });
      const found: unknown = await answer.json();
      return answer.ok ? found : undefined;
    } catch {
      return undefined;
    }
  }

  async waitUntilHealthy(): Promise<void> {
    const giveUpAt = performance.now() + patienceMs;
    while ((await this.ask('/healthz')) === undefined) {
      if (!this.isRunning || performance.now() > giveUpAt) {
        throw new Error(`nats-server ${this.name} is not well: ${this.#said.slice(-2000)}`);
      }
      await sleep(25);
    }
  }
}

async function writeCertificates(directory: string, authority: Authority): Promise<string> {
  const { cert, key } = authority.issueServer({ name: 'localhost', names: ['127.0.0.1'] });
  const files = { 'ca.pem': authority.cert, 'cert.pem': cert, 'key.pem': key };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return join(directory, 'ca.pem');
}

interface Written {
  readonly place: Place;
  readonly places: readonly Place[];
  readonly store: string;
  readonly directory: string;
}

function toConfiguration(
  { place, places, store, directory }: Written,
  { tls = false, configuration = '' }: NatsWanted,
): string {
  const certificate = `cert_file: "${directory}/cert.pem", key_file: "${directory}/key.pem"`;
  const routes = places.map(({ route }) => `"nats://127.0.0.1:${route}"`).join(', ');
  const cluster = `cluster { name: test, listen: "127.0.0.1:${place.route}", routes: [${routes}] }`;
  return [
    `server_name: ${place.name}`,
    `listen: "127.0.0.1:${place.port}"`,
    `http: "127.0.0.1:${place.http}"`,
    `jetstream { store_dir: "${store}", max_file_store: 4GB, max_memory_store: 64MB }`,
    ...(places.length > 1 ? [cluster] : []),
    ...(tls ? [`tls { ${certificate}, timeout: 10 }`] : []),
    configuration,
    '',
  ].join('\n');
}

async function findLeader(
  servers: readonly Server[],
  stream: string,
): Promise<NatsServer | undefined> {
  for (const server of servers) {
    const leader = leaderIn(await server.ask('/jsz?streams=true'), stream);
    const found = servers.find(({ name }) => name === leader);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Reads what `/jsz` says without a belief in its shape. */
function leaderIn(found: unknown, stream: string): string | undefined {
  const accounts = fieldOf(found, 'account_details');
  for (const account of Array.isArray(accounts) ? accounts : []) {
    const streams = fieldOf(account, 'stream_detail');
    for (const detail of Array.isArray(streams) ? streams : []) {
      if (fieldOf(detail, 'name') !== stream) continue;
      const leader = fieldOf(fieldOf(detail, 'cluster'), 'leader');
      if (typeof leader === 'string' && leader !== '') return leader;
    }
  }
  return undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}
