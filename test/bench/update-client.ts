/** What a check with nothing new costs a host: time, processor, memory, processes. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Host } from '../agents/host/updates/host.ts';
import { makeRelease } from '../agents/host/updates/packages.ts';
import { start } from '../helpers/run-program.ts';
import { startUpdateServer } from '../peers/update-server.ts';
import { median } from './interleave.ts';

/** Runs what it is given, and says what it took: wall and processor seconds, highest memory in kB. */
const measuring = `
import resource, subprocess, sys, time
begun = time.monotonic()
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(status)
`;

/** Programs that a host starts; each of them notes that it was. */
const programs =
  'awk base64 cat chmod cp curl cut date df dirname expr find grep gzip head id kill ln logger ls mkdir mv od openssl ' +
  'ps rm rmdir sed sh sha256sum sleep sort stat stty sync tail tar touch tr uname uniq wc wget xargs';

class Cleanings {
  readonly #all: (() => void | Promise<void>)[] = [];

  after(cleanUp: () => void | Promise<void>): void {
    this.#all.push(cleanUp);
  }

  async run(): Promise<void> {
    for (const cleanUp of this.#all.reverse()) await cleanUp();
  }
}

/** A host that runs what it is offered, with curl. */
export async function benchUpdateClient(turns: number): Promise<string> {
  const owner = { after: (work: () => void | Promise<void>) => cleanings.after(work) };
  const cleanings = new Cleanings();
  try {
    const server = await startUpdateServer({ after: owner.after });
    server.repository.addRoot({ servers: [server.url] });
    const host = new Host({ after: owner.after }, { server });
    host.register(server);
    host.offer(makeRelease('1'));
    const installed = await host.install();
    if (installed.status !== 0) throw new Error(installed.stderr);
    const command = ['dash', host.updater, 'update', `--base=${host.base}`];
    const times: number[][] = [];
    for (let turn = 0; turn < turns; turn += 1) times.push(await measureOnce(command));
    const [wall = [], processor = [], memory = []] = [0, 1, 2].map((at) =>
      times.map((figures) => figures[at] ?? Number.NaN),
    );
    const counted = await countPrograms(host.root, command);
    return [
      'courier-update, a check with nothing new (dash, curl, openssl)',
      `${(median(wall) * 1000).toFixed(0)} ms, of them processor ${(median(processor) * 1000).toFixed(0)} ms; ` +
        `largest process ${(median(memory) / 1000).toFixed(1)} MB`,
      `programs started: ${counted}`,
    ].join('\n');
  } finally {
    await cleanings.run();
  }
}

async function measureOnce(command: readonly string[]): Promise<number[]> {
  const running = start('python3', ['-c', measuring, ...command]);
  const { code, stdout, stderr } = await running.ended;
  if (code !== 0) throw new Error(stderr);
  return stdout.toString().trim().split(' ').map(Number);
}

/** More than a few system calls. */
const heavyPrograms = ['openssl', 'curl', 'wget', 'gzip', 'tar'];

/** Such as `12, of weight 6 (openssl 5, awk 3, …)`. */
async function countPrograms(root: string, command: readonly string[]): Promise<string> {
  const [directory, log] = [join(root, 'counting'), join(root, 'counted')];
  mkdirSync(directory);
  writeFileSync(log, '');
  for (const name of programs.split(' ')) {
    const text = `#!/bin/sh\necho ${name} >>${log}\nPATH=\${PATH#${directory}:}\nexport PATH\nexec ${name} "$@"\n`;
    writeFileSync(join(directory, name), text, { mode: 0o755 });
  }
  const [program = '', ...args] = command;
  const env = { ...process.env, PATH: `${directory}:${process.env['PATH']}` };
  const { code, stderr } = await start(program, args, { env }).ended;
  if (code !== 0) throw new Error(stderr);
  const names = readFileSync(log, 'utf8').trim().split('\n');
  const counts = Object.entries(Object.groupBy(names, (name) => name))
    .map(([name, all = []]) => [name, all.length] as const)
    .sort(([, a], [, b]) => b - a);
  const heavy = names.filter((name) => heavyPrograms.includes(name)).length;
  return `${names.length}, of weight ${heavy} (${counts.map(([name, n]) => `${name} ${n}`).join(', ')})`;
}
