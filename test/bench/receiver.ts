/**
 * How many outputs a second the receiver makes safe, beside what nginx takes without making them
 * so and what a bare Node makes safe, and how much memory ten thousand hosts cost.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { initCertificates } from '../../src/certs/store.ts';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { Accesses } from '../../src/receiver/state/accesses.ts';
import { Spool } from '../../src/spool/spool.ts';
import { manyThreads } from '../../src/system/file-lanes.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { startNginx } from '../helpers/nginx.ts';
import { courier, start } from '../helpers/run-program.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { median } from './interleave.ts';

const outputBytes = 30_000;
const connections = 32;
const secondsEach = Number(process.env['SECONDS_EACH'] ?? 1.5);
/** They take turns, so that a busy moment of the machine hits all of them. */
const turns = 5;
const spoolHosts = 10_000;
const wantedRate = 200;

const fixture = new URL('../fixtures/agent-output/linux-2.0/input.txt', import.meta.url);

/** The first lines of a real output, without the junk in front of it. */
function readSample(): Buffer {
  const real = readFileSync(fixture);
  const sections = real.subarray(real.indexOf('<<<'));
  return sections.subarray(0, sections.lastIndexOf('\n', outputBytes) + 1);
}

const sample = readSample();

interface Target {
  readonly name: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly status: number;
  readonly path: (host: string) => string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One upload on one of the kept connections; resolves with its duration in milliseconds. */
type Put = (host: string) => Promise<number>;

function makePut({ port, isSecure, status, path, headers }: Target): Put {
  const options = { keepAlive: true, maxSockets: connections };
  const agent = isSecure
    ? new Agent({ ...options, rejectUnauthorized: false })
    : new PlainAgent(options);
  const send = isSecure ? request : plainRequest;
  return (host) =>
    new Promise((resolve, reject) => {
      const start = performance.now();
      const outgoing = send({
        host: '127.0.0.1',
        port,
        method: 'PUT',
        path: path(host),
        headers,
        agent,
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        response.resume().on('end', () => {
          if (response.statusCode === status || response.statusCode === 201) {
            resolve(performance.now() - start);
          } else reject(new Error(`status ${response.statusCode}`));
        });
      });
      outgoing.end(sample);
    });
}

interface Figures {
  readonly perSecond: number;
  readonly p99Ms: number;
}

function toFigures(durations: readonly number[], elapsedMs: number): Figures {
  const sorted = [...durations].sort((a, b) => a - b);
  const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  return { perSecond: (durations.length / elapsedMs) * 1000, p99Ms };
}

/** As many as go, on all connections, each for hosts of its own. */
async function flood(put: Put): Promise<Figures> {
  await Promise.all(Array.from({ length: connections }, (_, n) => put(`warm${n}`)));
  const durations: number[] = [];
  const start = performance.now();
  const end = start + secondsEach * 1000;
  const worker = async (n: number) => {
    for (let turn = 0; performance.now() < end; turn += 1) {
      durations.push(await put(`host${n}-${turn % 30}`));
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, n) => worker(n)));
  return toFigures(durations, performance.now() - start);
}

/** So many a second, however long each takes. */
async function pace(put: Put): Promise<Figures> {
  const durations: number[] = [];
  const running = new Set<Promise<void>>();
  const start = performance.now();
  for (let n = 0; n < wantedRate * secondsEach; n += 1) {
    const dueMs = (n * 1000) / wantedRate - (performance.now() - start);
    if (dueMs > 0) await sleep(dueMs);
    const one: Promise<void> = put(`host${n % 1000}`).then((ms) => {
      durations.push(ms);
      running.delete(one);
    });
    running.add(one);
  }
  await Promise.all(running);
  return toFigures(durations, performance.now() - start);
}

export interface Running {
  readonly child: ChildProcess;
  readonly securePort: number;
  readonly plainPort: number;
  readonly token: string;
  readonly startMs: number;
}

/**
 * In a process of its own, so that its memory and its processor are its own, too.
 *
 * @param more options by their names
 */
export async function startReceiver(
  directory: string,
  program: readonly string[] = [courier],
  more: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const [certificates, state] = [join(directory, 'certificates'), join(directory, 'state')];
  await initCertificates(certificates, { site: 'bench', names: ['localhost'] });
  await mkdir(state, { recursive: true });
  const accesses = await Accesses.open(state);
  const wish = { kind: 'upload', hosts: ['*'], piggyback: [], mode: 'push-agent' } as const;
  const { secret: token } = await accesses.make({ ...wish, now: Date.now(), validMs: undefined });
  const [securePort, plainPort] = [await findFreePort(), await findFreePort()];
  const options = {
    site: 'bench',
    listen: `127.0.0.1:${securePort}`,
    'plain-listen': `127.0.0.1:${plainPort}`,
    certificates,
    state,
    spool: join(directory, 'spool'),
    'upload-rate': '100000000',
    'sender-upload-rate': '100000000',
    ...more,
  };
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const log = openSync(join(directory, 'log'), 'w');
  const startedAt = performance.now();
  const [file = courier, ...before] = program;
  const child = spawn(file, [...before, 'receive', ...flags], { stdio: ['ignore', log, log] });
  while (!readFileSync(join(directory, 'log'), 'utf8').includes('hosts can send')) {
    if (child.exitCode !== null) throw new Error(readFileSync(join(directory, 'log'), 'utf8'));
    await sleep(5);
  }
  const startMs = performance.now() - startedAt;
  return { child, securePort, plainPort, token, startMs };
}

/** Resident memory now and at its highest, in megabytes (proc_pid_status(5)). */
export async function memoryOf({ child }: Running): Promise<readonly [now: number, most: number]> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1000;
  return [read('VmRSS'), read('VmHWM')];
}

async function fillSpool(directory: string): Promise<void> {
  const bounds = { maxBytes: 10e9, maxHosts: 20_000 };
  const settings = { directory, ...bounds, log: makeCollectingLog(), clock: systemClock };
  const spool = await Spool.open(settings);
  const now = new Date();
  const put = (n: number) =>
    spool.put({
      host: parseHostName(`spooled-${n}`),
      output: sample,
      producedAt: now,
      receivedAt: now,
      origin: 'bench',
    });
  for (let n = 0; n < spoolHosts; n += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => put(n + i)));
  }
  await spool.close();
}

async function startPeer(directory: string) {
  const [plainPort, securePort] = [await findFreePort(), await findFreePort()];
  await mkdir(join(directory, 'root'), { recursive: true });
  const certificates = join(directory, 'nginx-certificates');
  const { serverCert, serverKey } = await initCertificates(certificates, {
    site: 'bench',
    names: [],
  });
  await writeFile(join(directory, 'cert.pem'), serverCert);
  await writeFile(join(directory, 'key.pem'), serverKey);
  const nginx = await startNginx(
    directory,
    `server {
      listen 127.0.0.1:${plainPort};
      listen 127.0.0.1:${securePort} ssl;
      ssl_certificate ${directory}/cert.pem;
      ssl_certificate_key ${directory}/key.pem;
      keepalive_requests 1000000;
      client_max_body_size 10m;
      location / { root ${directory}/root; dav_methods PUT; create_full_put_path on; }
    }`,
  );
  return { nginx, plainPort, securePort };
}

async function startBare(directory: string) {
  const program = new URL('../fixtures/programs/bare-receiver.ts', import.meta.url);
  const args = [fileURLToPath(program), join(directory, 'bare')];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, UV_THREADPOOL_SIZE: String(manyThreads) },
  });
  const [port] = await once(child.stdout, 'data');
  return { child, port: Number(port) };
}

function line(name: string, { perSecond, p99Ms }: Figures): string {
  return `${name.padEnd(26)}${perSecond.toFixed(0).padStart(6)} a second, p99 ${p99Ms.toFixed(1)} ms`;
}

/**
 * Lines of figures.
 *
 * @param program what takes `receive` and its flags; the built executable unless told otherwise
 */
export function benchReceiver(program: readonly string[] = [courier]): Promise<string> {
  return withTempDir(async (directory) => {
    await fillSpool(join(directory, 'spool'));
    const receiver = await startReceiver(directory, program);
    const peer = await startPeer(directory);
    const bare = await startBare(directory);
    try {
      const [atStart] = await memoryOf(receiver);
      const lines = await compare(receiver, peer, bare.port);
      const [after, most] = await memoryOf(receiver);
      return [
        `receiver: ${Math.round(sample.length / 1000)} kB outputs from ${connections} connections, ${spoolHosts} hosts in the spool`,
        ...lines,
        `memory ${atStart.toFixed(0)} MB at the start, ${after.toFixed(0)} MB after all, ${most.toFixed(0)} MB at most`,
        `start, until hosts can send: ${receiver.startMs.toFixed(0)} ms`,
      ].join('\n');
    } finally {
      receiver.child.kill('SIGKILL');
      bare.child.kill('SIGKILL');
      await peer.nginx.stop();
    }
  });
}

const manySenders = 1000;
/** Until the last of them has its answer, from when the first began to send. */
const allowedMs = 5000;

/**
 * A receiver that has just been started, and everybody sends within one second: a thousand hosts
 * with a token each, on connections of their own behind one address, beside as many strangers.
 */
export function benchManySenders(program: readonly string[] = [courier]): Promise<string> {
  return withTempDir(async (directory) => {
    const accesses = await Accesses.open(join(directory, 'state'));
    const wish = { kind: 'upload', piggyback: [], mode: 'push-agent', validMs: undefined } as const;
    const making = Array.from({ length: manySenders }, (_, n) =>
      accesses.make({ ...wish, hosts: [`host${n}`], now: Date.now() }),
    );
    const tokens = (await Promise.all(making)).map(({ secret }) => secret);
    const file = join(directory, 'tokens.json');
    await writeFile(file, JSON.stringify(tokens));
    const receiver = await startReceiver(directory, program);
    try {
      const senders = fileURLToPath(
        new URL('../fixtures/programs/many-senders.ts', import.meta.url),
      );
      const args = [senders, String(receiver.securePort), file];
      const { stdout } = await start(process.execPath, args).ended;
      const { good, bad, lastMs, p99Ms } = JSON.parse(stdout.toString());
      const [, most] = await memoryOf(receiver);
      return [
        `receiver: ${manySenders} senders within a second of a restart, beside ${manySenders} with bad tokens, one machine for all`,
        `good: ${toCounts(good)}, bad: ${toCounts(bad)}`,
        `the last good one after ${(lastMs / 1000).toFixed(1)} s (allowed ${allowedMs / 1000} s), p99 ${(p99Ms / 1000).toFixed(1)} s each; memory ${most.toFixed(0)} MB at most`,
      ].join('\n');
    } finally {
      receiver.child.kill('SIGKILL');
    }
  });
}

function toCounts(results: Readonly<Record<string, number>>): string {
  return Object.entries(results)
    .map(([result, count]) => `${count} × ${result}`)
    .join(', ');
}

async function compare(
  { securePort, plainPort, token }: Running,
  peer: { readonly plainPort: number; readonly securePort: number },
  barePort: number,
): Promise<readonly string[]> {
  const length = { 'content-length': String(sample.length) };
  const receiver = {
    status: 204,
    path: (host: string) => `/v1/hosts/${host}/agent-output`,
    headers: { authorization: `Bearer ${token}`, ...length },
  };
  const other = { status: 204, path: (host: string) => `/${host}`, headers: length };
  const secure = { name: 'receiver, TLS, durable', port: securePort, isSecure: true, ...receiver };
  const targets: readonly Target[] = [
    { name: 'nginx, TLS, no fsync', port: peer.securePort, isSecure: true, ...other },
    secure,
    { name: 'nginx, plain, no fsync', port: peer.plainPort, isSecure: false, ...other },
    { name: 'receiver, plain, durable', port: plainPort, isSecure: false, ...receiver },
    { name: 'bare Node, plain, durable', port: barePort, isSecure: false, ...other },
  ];
  const contestants = targets.map((target) => ({ target, put: makePut(target) }));
  const figures = contestants.map((): Figures[] => []);
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [index, { put }] of contestants.entries()) figures[index]?.push(await flood(put));
  }
  const lines = contestants.map(({ target: { name } }, index) => {
    const own = toMedian(figures[index] ?? []);
    // The nginx of its own kind goes before each.
    const first = figures[index < 2 ? 0 : 2] ?? [];
    return `${line(name, own)}, ${(own.perSecond / toMedian(first).perSecond).toFixed(2)} of nginx`;
  });
  return [...lines, line(`receiver, TLS, at ${wantedRate}/s`, await pace(makePut(secure)))];
}

function toMedian(figures: readonly Figures[]): Figures {
  return {
    perSecond: median(figures.map(({ perSecond }) => perSecond)),
    p99Ms: median(figures.map(({ p99Ms }) => p99Ms)),
  };
}
