/** The vSphere agent against govmomi's simulator with 50 hosts and 3,000 machines. */

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { courier } from '../helpers/run-program.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { buildVcsim, login } from '../peers/vcsim.ts';

const hosts = 50;
const machines = 3000;
const runs = 5;

/** The table, or why there is none. The simulator needs some two minutes to begin. */
export async function benchVsphere(): Promise<string> {
  const built = buildVcsim();
  if ('missing' in built) return `vSphere: skipped, ${built.missing}`;
  const size = [
    '-cluster=1',
    `-host=${hosts}`,
    '-standalone-host=0',
    `-vm=${machines}`,
    '-on=false',
  ];
  const simulator = spawn(built.path, size, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const lines = createInterface({ input: simulator.stdout });
    const place = await new Promise<string>((resolve) => lines.once('line', resolve));
    return await withTempDir(async (root) => measure(root, place.replace(/^.*:/, '')));
  } finally {
    simulator.kill();
  }
}

function measure(root: string, port: string): string {
  const secret = join(root, 'secret');
  writeFileSync(secret, login.password, { mode: 0o600 });
  const options = [
    '--server=127.0.0.1',
    `--port=${port}`,
    `--user=${login.user}`,
    '--no-cert-check',
  ];
  const args = ['agent', 'vsphere', ...options, `--secret-file=${secret}`, '--run-timeout=60s'];
  const rows = Array.from({ length: runs }, () => runOnce(root, args));
  const median = (pick: (row: (typeof rows)[number]) => number) =>
    rows.map(pick).toSorted((one, other) => one - other)[Math.floor(runs / 2)] ?? Number.NaN;
  const [first] = rows;
  return [
    `vSphere: ${hosts} hosts, ${machines} machines, median of ${runs} runs`,
    `  wall time       ${median(({ wall }) => wall).toFixed(2)} s (aim 6)`,
    `  processor time  ${median(({ processor }) => processor).toFixed(2)} s`,
    `  peak memory     ${median(({ memory }) => memory).toFixed(0)} MB (aim 150)`,
    `  output          ${((first?.bytes ?? 0) / 1e6).toFixed(1)} MB, ${first?.requests} requests`,
  ].join('\n');
}

function runOnce(root: string, args: readonly string[]) {
  const figures = join(root, 'figures');
  const output = spawnSync(
    '/usr/bin/time',
    ['-f', '%e %U %S %M', '-o', figures, courier, ...args],
    {
      env: { ...process.env, SERVER_SIDE_PROGRAM_STORAGE_PATH: join(root, 'kept') },
      maxBuffer: 1e9,
    },
  );
  if (output.status !== 0) throw new Error(`vSphere: ${output.stderr}`);
  const [wall = 0, user = 0, system = 0, kilobytes = 0] = readFileSync(figures, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  const requests = /"requests":(\d+)/.exec(output.stdout.toString())?.[1];
  return {
    wall,
    processor: user + system,
    memory: kilobytes / 1000,
    bytes: output.stdout.length,
    requests,
  };
}
