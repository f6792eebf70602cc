/**
 * What updates cost: the server, for ten thousand hosts that ask every hour, each over a connection of
 * its own; and a host, when there is nothing new.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initCertificates } from '../../src/certs/store.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { writeHostTargets } from '../../src/updates/repository/host-targets.ts';
import { updatePlaces } from '../../src/updates/repository/places.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { courier } from '../helpers/run-program.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { UpdateClient } from '../updates/update-client.ts';
import { makeUpdateState } from '../updates/update-site.ts';
import { peakMegabytes, processorSeconds } from './processor-time.ts';
import { benchUpdateClient } from './update-client.ts';

const hostCount = 10_000;
/** Checks a second of so many hosts that ask every hour. */
const hourlyRate = hostCount / 3600;
/** The same so many times as fast, so that a bench ends. */
const haste = 8;
const seconds = Number(process.env['SECONDS_EACH'] ?? 10);
/** Connections at once when the server is asked as fast as it answers. */
const width = 16;

const secretOf = (n: number) => n.toString(16).padStart(64, '0');
const nameOf = (n: number) => `host${n}`;

/** Ten thousand hosts that have registered, and have a target each. */
async function makeHosts(directory: string): Promise<void> {
  const places = updatePlaces({}, directory);
  await makeUpdateState(places, 'http://127.0.0.1:1');
  await mkdir(join(places.hosts, 'secrets'), { recursive: true, mode: 0o700 });
  const at = '2026-01-01T00:00:00.000Z';
  const row = { counter: '20260101000000', tips: ['20260101000000'], isCloned: false };
  for (let n = 0; n < hostCount; n += 1) {
    const host = nameOf(n);
    const registered = { registeredAt: at, registeredFrom: '127.0.0.1' };
    const identity = { host, secret: secretOf(n), rotate: false, ...registered };
    const contact = { host, row, lastContact: at, address: '127.0.0.1' };
    await Promise.all([
      writeFile(join(places.hosts, 'secrets', `${host}.json`), JSON.stringify(identity)),
      writeFile(join(places.hosts, `${host}.json`), JSON.stringify(contact)),
    ]);
  }
  const target = {
    counter: 1,
    targetSha256: 'a'.repeat(64),
    packageSha256: 'b'.repeat(64),
    agentHash: 'c'.repeat(16),
    expires: '20991231000000',
    action: 'install',
  } as const;
  const names = Array.from({ length: hostCount }, (_, n) => parseHostName(nameOf(n)));
  await writeHostTargets(places.published, new Map(names.map((host) => [host, target])));
}

interface Running {
  readonly child: ChildProcess;
  readonly secureUrl: string;
  readonly plainUrl: string;
}

async function startReceiver(directory: string): Promise<Running> {
  const certificates = join(directory, 'certificates');
  await initCertificates(certificates, { site: 'bench', names: ['localhost'] });
  const [securePort, plainPort] = [await findFreePort(), await findFreePort()];
  const options = {
    site: 'bench',
    listen: `127.0.0.1:${securePort}`,
    'updates-plain-listen': `127.0.0.1:${plainPort}`,
    certificates,
    state: join(directory, 'state'),
    spool: join(directory, 'spool'),
    updates: join(directory, 'updates'),
  };
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const log = openSync(join(directory, 'log'), 'w');
  const child = spawn(courier, ['receive', ...flags], { stdio: ['ignore', log, log] });
  while (!readFileSync(join(directory, 'log'), 'utf8').includes('hosts can send')) {
    if (child.exitCode !== null) throw new Error(readFileSync(join(directory, 'log'), 'utf8'));
    await sleep(5);
  }
  return {
    child,
    secureUrl: `https://127.0.0.1:${securePort}`,
    plainUrl: `http://127.0.0.1:${plainPort}`,
  };
}

class Fleet {
  readonly #url: string;
  readonly #clients = new Map<number, UpdateClient>();
  #next = 0;

  constructor(url: string, from: number) {
    this.#url = url;
    this.#next = from;
  }

  /** The check of the next host; resolves with its duration in milliseconds. */
  async check(): Promise<number> {
    const n = this.#next % hostCount;
    this.#next += 1;
    const known = this.#clients.get(n);
    const client = known ?? new UpdateClient(this.#url, nameOf(n), secretOf(n));
    this.#clients.set(n, client);
    const startedAt = performance.now();
    const { status, text } = await client.check();
    if (status !== 200 || !text.startsWith('format cmk-courier-stamp/1\n')) {
      throw new Error(`${status} ${text}`);
    }
    return performance.now() - startedAt;
  }
}

interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor milliseconds of the server for one check. */
  readonly costMs: number;
}

async function measure(
  { child }: Running,
  run: (durations: number[], endMs: number) => Promise<unknown>,
): Promise<Figures> {
  const durations: number[] = [];
  const before = processorSeconds(child.pid ?? 0);
  const startedAt = performance.now();
  await run(durations, startedAt + seconds * 1000);
  const elapsed = (performance.now() - startedAt) / 1000;
  const used = processorSeconds(child.pid ?? 0) - before;
  const sorted = durations.sort((a, b) => a - b);
  const quantile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return {
    perSecond: sorted.length / elapsed,
    p50: quantile(0.5),
    p99: quantile(0.99),
    costMs: (used * 1000) / sorted.length,
  };
}

/** At moments that are fixed beforehand, however long the answers take. */
function atRate(fleet: Fleet, rate: number) {
  return async (durations: number[], endMs: number) => {
    const startedAt = performance.now();
    const running: Promise<unknown>[] = [];
    for (let n = 0; performance.now() < endMs; n += 1) {
      const dueMs = startedAt + (n * 1000) / rate - performance.now();
      if (dueMs > 0) await sleep(dueMs);
      running.push(fleet.check().then((ms) => durations.push(ms)));
    }
    await Promise.all(running);
  };
}

function asFastAsItGoes(fleet: Fleet) {
  return async (durations: number[], endMs: number) => {
    const one = async () => {
      while (performance.now() < endMs) durations.push(await fleet.check());
    };
    await Promise.all(Array.from({ length: width }, one));
  };
}

/** Both tables. */
export function benchUpdates(turns: number): Promise<string> {
  return withTempDir(async (directory) => {
    await makeHosts(join(directory, 'updates'));
    const running = await startReceiver(directory);
    try {
      const lines = await benchServer(running);
      return `${lines.join('\n')}\n\n${await benchUpdateClient(turns)}`;
    } finally {
      running.child.kill('SIGTERM');
      await once(running.child, 'exit');
    }
  });
}

async function benchServer(running: Running): Promise<readonly string[]> {
  const { secureUrl, plainUrl, child } = running;
  const lines = [`checks for updates, ${hostCount} hosts, a connection each`];
  for (const [name, url] of [
    ['https', secureUrl],
    ['http', plainUrl],
  ] as const) {
    const fleet = new Fleet(url, name === 'https' ? 0 : hostCount / 2);
    await fleet.check();
    const steady = await measure(running, atRate(fleet, hourlyRate * haste));
    const core = (steady.costMs * hourlyRate) / 10;
    lines.push(
      `${name}, ${haste} times the hourly rate: ${show(steady)}; at the hourly rate ${core.toFixed(1)} % of a core`,
      `${name}, as fast as it answers: ${show(await measure(running, asFastAsItGoes(fleet)))}`,
    );
  }
  lines.push(`highest memory: ${peakMegabytes(child.pid ?? 0).toFixed(0)} MB`);
  return lines;
}

function show({ perSecond, p50, p99, costMs }: Figures): string {
  const times = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  return `${perSecond.toFixed(0)} a second, ${times}, ${costMs.toFixed(1)} ms of processor each`;
}
