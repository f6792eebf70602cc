/**
 * What a special agent costs: NetApp ONTAP with 2,000 volumes and 5,000 disks, asked by our recipe and
 * by a plain script in Python that asks as the shipped agent does, one question a volume.
 */

import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { courier } from '../helpers/run-program.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { median } from './interleave.ts';
import { nullDevice } from './null-device.ts';

const size = { volumes: 2000, disks: 5000 };
/** At once, as nothing real answers, and after the time that a quick system takes. */
const delaysMs = [0, 5];
const turns = 3;

interface Cost {
  readonly wall: number;
  readonly processor: number;
  readonly megabytes: number;
  readonly requests: number;
  readonly atOnce: number;
}

/** Lines of figures. */
export function benchSpecialAgents(program: readonly string[] = [courier]): Promise<string> {
  return withTempDir(async (directory) => {
    const password = join(directory, 'password');
    await writeFile(password, 'secret\n', { mode: 0o600 });
    const lines = [
      `special agent: ONTAP with ${size.volumes} volumes and ${size.disks} disks, over TLS, median of ${turns}`,
    ];
    for (const delayMs of delaysMs) lines.push(...(await compare(program, password, delayMs)));
    return lines.join('\n');
  });
}

async function compare(
  program: readonly string[],
  password: string,
  delayMs: number,
): Promise<readonly string[]> {
  const { server, port } = await startServer(delayMs);
  const script = fileURLToPath(new URL('../fixtures/programs/ontap-peer.py', import.meta.url));
  const address = ['--hostname=127.0.0.1', `--port=${port}`, '--no-cert-check'];
  const login = ['--username=monitor', `--password-file=${password}`];
  const own = [...program, 'agent', 'netapp_ontap', ...address, ...login];
  const peer = ['/usr/bin/python3', script, `https://127.0.0.1:${port}`, 'monitor', password];
  const costs: [Cost[], Cost[]] = [[], []];
  try {
    for (let turn = 0; turn < turns; turn += 1) {
      costs[0].push(await measure(own, server));
      costs[1].push(await measure(peer, server));
    }
  } finally {
    server.kill('SIGKILL');
  }
  const [ours, theirs] = [toMedian(costs[0]), toMedian(costs[1])];
  const times = (theirs.wall / ours.wall).toFixed(1);
  return [
    `each answer after ${delayMs} ms:`,
    toLine('  recipe netapp_ontap', ours),
    `${toLine('  Python with requests', theirs)}, ${times} times the wall time (wanted 5)`,
  ];
}

async function startServer(delayMs: number) {
  const path = fileURLToPath(new URL('../fixtures/programs/ontap-server.ts', import.meta.url));
  const server = fork(path, [JSON.stringify({ ...size, delayMs })]);
  const [{ port }] = await once(server, 'message');
  return { server, port: Number(port) };
}

/** @see time(1) for the figures; memory is that of the largest process */
async function measure(command: readonly string[], server: ChildProcess): Promise<Cost> {
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%e %U %S %M', ...command], {
    stdio: ['ignore', nullDevice, 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command[0]} failed: ${stderr}`);
  const words = stderr.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  const [wall = 0, user = 0, kernel = 0, kilobytes = 0] = words;
  server.send('count');
  const [{ requests, atOnce }] = await once(server, 'message');
  const megabytes = kilobytes / 1000;
  return { wall, processor: user + kernel, megabytes, requests, atOnce };
}

function toMedian(costs: readonly Cost[]): Cost {
  const of = (figure: keyof Cost) => median(costs.map((cost) => cost[figure]));
  return {
    wall: of('wall'),
    processor: of('processor'),
    megabytes: of('megabytes'),
    requests: of('requests'),
    atOnce: of('atOnce'),
  };
}

function toLine(name: string, { wall, processor, megabytes, requests, atOnce }: Cost): string {
  const shown = [
    `${wall.toFixed(2)} s wall`,
    `${processor.toFixed(2)} s processor`,
    `${megabytes.toFixed(0)} MB`,
    `${requests} requests, ${atOnce} at once`,
  ];
  return `${name.padEnd(24)}${shown.join(', ')}`;
}
