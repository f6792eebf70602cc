/**
 * Servers of a broker, two receivers, collectors of two sites, and hosts that send all the time: what
 * the faults of test/broker/faults.test.ts happen to.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initCertificates, loadCertificates } from '../../src/certs/store.ts';
import { Accesses } from '../../src/receiver/state/accesses.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { courier, type Running, runCourier, start } from '../helpers/run-program.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import type { Owner } from '../nats/sessions.ts';
import { makeSiteStream, type StreamReader } from '../nats/stream-reader.ts';
import { type NatsPeer, type NatsWanted, startNatsServers } from '../peers/nats-server.ts';
import { openUploads, type Uploads } from '../receiver/uploading.ts';

const site = 'mysite';

export interface StageWanted {
  readonly nats: NatsWanted;
  readonly hosts: number;
  /** Of each host. */
  readonly intervalMs: number;
  readonly collectors: number;
}

/** A program of ours that is started again whenever it was killed. */
export interface Service {
  kill(): Promise<void>;
  start(): Promise<void>;
  /** What the one that runs has written to stderr. */
  said(): string;
  /** Outputs of which it said that the broker had acknowledged and lost them; all that ran count. */
  told(): number;
}

/** What happened, for the table at the end. */
export interface Counts {
  sent: number;
  acknowledged: number;
  refused: number;
  lost: number;
}

/** A host of which a site shows nothing as new as it should. */
export interface StaleHost {
  readonly host: string;
  readonly ready: string;
  /** When what is shown was produced, in milliseconds since 1970. */
  readonly shownMs: number | undefined;
}

export interface SitesSeen {
  readonly wrong: readonly string[];
  readonly stale: readonly StaleHost[];
}

export class Stage {
  readonly peer: NatsPeer;
  readonly receivers: readonly Service[];
  readonly collectors: readonly (Service & { readonly ready: string })[];
  readonly counts: Counts = { sent: 0, acknowledged: 0, refused: 0, lost: 0 };
  readonly hosts: readonly string[];
  /** When the last output of each host that was acknowledged was produced. */
  readonly acknowledged = new Map<string, number>();
  readonly #stream: StreamReader;
  readonly uploads: readonly Uploads[];
  readonly #intervalMs: number;
  /** The newest each site has shown of each host. */
  readonly #shown = new Map<string, number>();
  #isSending = true;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    readonly peer: NatsPeer;
    readonly receivers: readonly Service[];
    readonly collectors: readonly (Service & { readonly ready: string })[];
    readonly stream: StreamReader;
    readonly uploads: readonly Uploads[];
    readonly wanted: StageWanted;
  }) {
    this.peer = parts.peer;
    this.receivers = parts.receivers;
    this.collectors = parts.collectors;
    this.#stream = parts.stream;
    this.uploads = parts.uploads;
    this.#intervalMs = parts.wanted.intervalMs;
    this.hosts = listHosts(parts.wanted);
  }

  /** Hosts send from now on, each in its own rhythm, to whichever receiver answers. */
  send(): void {
    this.#sending = Promise.all(this.hosts.map((host, index) => this.#sendAll(host, index)));
  }

  async #sendAll(host: string, index: number): Promise<void> {
    await sleep((this.#intervalMs * index) / this.hosts.length);
    for (let turn = index; this.#isSending; turn += 1) {
      const startedAt = performance.now();
      await this.#sendOnce(host, turn);
      await sleep(Math.max(0, this.#intervalMs - (performance.now() - startedAt)));
    }
  }

  async #sendOnce(host: string, turn: number): Promise<void> {
    const producedMs = Date.now();
    const body = `<<<check_mk>>>\nAgentOS: linux\n<<<local:sep(0)>>>\n0 "p" - at=${producedMs}\n<<<x>>>\n${'some rows of output\n'.repeat(80)}`;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      this.counts.sent += 1;
      try {
        const uploads = this.uploads[(turn + attempt) % this.uploads.length];
        const said = await uploads?.put(host, body, new Date(producedMs));
        if (said?.status === 204) {
          this.counts.acknowledged += 1;
          const before = this.acknowledged.get(host) ?? 0;
          this.acknowledged.set(host, Math.max(before, producedMs));
          return;
        }
        this.counts.refused += 1;
      } catch {
        this.counts.lost += 1;
      }
    }
  }

  /**
   * Hosts whose acknowledged output is neither in the stream nor replaced by a newer one there, or of
   * which nobody says it.
   */
  async findMissing(
    acknowledged: ReadonlyMap<string, number>,
  ): Promise<ReadonlyMap<string, number>> {
    const missing = new Map<string, number>();
    const left = [...acknowledged];
    const run = async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const [host, producedMs] = next;
        const last = await this.#stream.last(host).catch(() => undefined);
        if ((last?.producedAt?.getTime() ?? 0) < producedMs) missing.set(host, producedMs);
      }
    };
    await Promise.all(Array.from({ length: 32 }, run));
    return missing;
  }

  /**
   * What the sites show of each host: its age is what it says, and it never becomes older output.
   *
   * @returns hosts that show something else, and those that show nothing since `sinceMs`
   */
  lookAtSites(sinceMs: number): SitesSeen {
    const wrong: string[] = [];
    const stale: StaleHost[] = [];
    for (const { ready } of this.collectors) {
      for (const host of this.hosts) {
        const shownMs = readShown(join(ready, host));
        const before = this.#shown.get(`${ready} ${host}`) ?? 0;
        if (shownMs !== undefined && shownMs < before) wrong.push(`${host} in ${ready}`);
        if (shownMs !== undefined) this.#shown.set(`${ready} ${host}`, shownMs);
        if ((shownMs ?? 0) < sinceMs) stale.push({ host, ready, shownMs });
      }
    }
    return { wrong, stale };
  }

  /** Where the newest output of each of them got stuck, in seconds before now: for whoever reads a failure. */
  async explain(stale: readonly StaleHost[]): Promise<string> {
    const lines = [`${stale.length} hosts are not fresh`];
    for (const { host, ready, shownMs } of stale.slice(0, 3)) {
      const last = await this.#stream.last(host).catch(() => undefined);
      const times = {
        shown: shownMs,
        acknowledged: this.acknowledged.get(host),
        inStream: last?.producedAt?.getTime(),
      };
      const ages = Object.entries(times).map(
        ([what, ms]) => `${what} ${ms === undefined ? 'never' : (Date.now() - ms) / 1000}`,
      );
      const { stdout } = await runCourier(['status', '--json', `--ready=${ready}`, host]);
      lines.push(`${host} in ${ready}: ${ages.join(', ')}; ${stdout.slice(0, 1200)}`);
    }
    return lines.join('\n');
  }

  /** What is known of outputs that were acknowledged and are not in the stream: for whoever reads a failure. */
  async explainMissing(missing: ReadonlyMap<string, number>): Promise<string> {
    const lines = [`${missing.size} outputs were acknowledged and are not there`];
    for (const [host, ackedMs] of [...missing].slice(0, 3)) {
      const last = await this.#stream.last(host).then(
        (found) =>
          found === undefined
            ? 'nothing'
            : `${found.sequence} of ${found.producedAt?.toISOString()}`,
        (error: unknown) => String(error),
      );
      const more = await this.#stream.describe(host).catch(String);
      lines.push(`${host}: ${new Date(ackedMs).toISOString()}; in the stream: ${last}; ${more}`);
    }
    for (const { said } of this.receivers) lines.push(said().slice(-3000));
    for (const { name, said } of this.peer.servers) lines.push(name, said().slice(-3000));
    return lines.join('\n');
  }

  /** Of the first server's store: what a crash does may depend on it (nats.md#hidden-messages). */
  newestBlock(): number {
    const blocks = join(this.peer.directory, 'n1/jetstream/$G/streams/COURIER/msgs');
    return Math.max(0, ...readdirSync(blocks).map((name) => Number.parseInt(name, 10) || 0));
  }

  async stop(): Promise<void> {
    this.#isSending = false;
    await this.#sending;
    for (const uploads of this.uploads) await uploads.close();
    await Promise.all([...this.receivers, ...this.collectors].map((one) => one.kill()));
    await this.peer.close();
  }
}

function readShown(path: string): number | undefined {
  try {
    const [, at] = /at=(\d+)/.exec(readFileSync(path, 'latin1')) ?? [];
    return at === undefined ? undefined : Number(at);
  } catch {
    return undefined;
  }
}

function listHosts({ hosts }: StageWanted): readonly string[] {
  return Array.from({ length: hosts }, (_, index) => `host${index}.example.net`);
}

export async function openStage(owner: Owner, wanted: StageWanted): Promise<Stage> {
  const directory = await makeTempDir();
  const peer = await startNatsServers(wanted.nats);
  const stream = await makeSiteStream(owner, peer.urls, {
    site,
    replicas: wanted.nats.servers ?? 1,
  });
  const certificates = join(directory, 'certificates');
  await initCertificates(certificates, { site, names: ['localhost', '127.0.0.1'] });
  const { rootCert: ca } = await loadCertificates(certificates);
  const uploads: Uploads[] = [];
  const receivers: Service[] = [];
  for (const name of ['r1', 'r2']) {
    const port = await findFreePort();
    const home = join(directory, name);
    const token = await makeToken(join(home, 'state'));
    uploads.push(openUploads({ port, ca, token, connections: 32 }));
    const receiver = runService(toReceiver({ home, port, certificates, urls: peer.urls }), port);
    await receiver.start();
    receivers.push(receiver);
  }
  const collectors = [];
  for (let index = 0; index < wanted.collectors; index += 1) {
    const home = join(directory, `site${index}`);
    const collector = runService(toCollector(home, peer.urls, wanted), undefined);
    await collector.start();
    collectors.push({ ...collector, ready: join(home, 'ready') });
  }
  const stage = new Stage({ peer, receivers, collectors, stream, uploads, wanted });
  owner.after(async () => {
    await stage.stop();
    await removeTempDir(directory);
  });
  return stage;
}

async function makeToken(state: string): Promise<string> {
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const accesses = await Accesses.open(state);
  const rights = { kind: 'upload', hosts: ['*'], piggyback: [], mode: 'push-agent' } as const;
  return (await accesses.make({ ...rights, now: Date.now(), validMs: undefined })).secret;
}

interface ReceiverPlace {
  readonly home: string;
  readonly port: number;
  readonly certificates: string;
  readonly urls: readonly string[];
}

function toReceiver({ home, port, certificates, urls }: ReceiverPlace): readonly string[] {
  return [
    'receive',
    `--site=${site}`,
    `--listen=127.0.0.1:${port}`,
    `--certificates=${certificates}`,
    `--spool=${home}/spool`,
    `--state=${home}/state`,
    `--broker=nats://${urls.map((url) => url.replace('nats://', '')).join(',')}`,
    '--broker-patience=1500ms',
    '--upload-rate=1000000',
    '--sender-upload-rate=100000',
  ];
}

function toCollector(
  home: string,
  urls: readonly string[],
  wanted: StageWanted,
): readonly string[] {
  mkdirSync(home, { recursive: true });
  const servers = urls.map((url) => url.replace('nats://', '')).join(',');
  const seconds = Math.ceil(wanted.intervalMs / 1000);
  const defaults = `{ every: ${seconds}s, maxAge: ${seconds * 6}s, deadline: 5s }`;
  const route = `{ hosts: [${listHosts(wanted).join(', ')}], sources: 'nats://${servers}/${site}/{host}' }`;
  writeFileSync(join(home, 'routes.yaml'), `defaults: ${defaults}\nroutes: [${route}]\n`);
  const places = ['ready', 'spool'].map((name) => `--${name}=${home}/${name}`);
  return ['collect', `--routes=${home}/routes.yaml`, ...places];
}

function runService(args: readonly string[], port: number | undefined): Service {
  let running: Running | undefined;
  let toldBefore = 0;
  return {
    said: () => running?.said() ?? '',
    told: () => toldBefore + countTold(running?.said() ?? ''),
    kill: async () => {
      const ended = running;
      running = undefined;
      if (ended === undefined) return;
      process.kill(ended.pid, 'SIGKILL');
      await ended.ended;
      toldBefore += countTold(ended.said());
    },
    start: async () => {
      running = start(courier, args);
      if (port !== undefined) await waitForPort(port, running);
    },
  };
}

/** `the broker has lost 3 outputs that it had acknowledged`. */
function countTold(said: string): number {
  const counts = [...said.matchAll(/ has lost (\d+) outputs? that it had/g)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

async function waitForPort(port: number, { ended }: Running): Promise<void> {
  const { connect } = await import('node:net');
  let code: string | undefined;
  void ended.then(({ stderr }) => {
    code = stderr;
  });
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    if (code !== undefined) throw new Error(`a service has ended: ${code}`);
    await sleep(50);
  }
}
