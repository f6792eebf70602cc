/** What a site of many hosts costs: the collector beside curl, once a host and once for all. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BenchSite, withBenchSite } from './collector-site.ts';
import { median, toRow } from './interleave.ts';
import { peakMegabytes, processorSeconds, processorSecondsOf } from './processor-time.ts';

const hostCount = 1000;
const rounds = Number(process.env['SWEEPS'] ?? 5);
const windowMs = 6000;

/** How many hosts a second of processor time is enough for. */
interface Contestant {
  readonly name: string;
  readonly measure: () => Promise<number>;
}

/** A table: hosts a second of processor time, of the fetching side alone. */
export function benchSweep(): Promise<string> {
  return withBenchSite({ hostCount, every: '2s' }, async (bench) => {
    await bench.site.start();
    await bench.site.until(() => bench.site.status()?.cycles.good > 2 * hostCount);
    const contestants = toContestants(bench);
    const figures = contestants.map((): number[] => []);
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, { measure }] of contestants.entries()) {
        figures[index]?.push(await measure());
      }
    }
    const [own = []] = figures;
    const rows = contestants.map(({ name }, index) => {
      const theirs = figures[index] ?? [];
      const ratio = median(own.map((figure, round) => figure / (theirs[round] ?? Number.NaN)));
      return toRow(name, [median(theirs).toFixed(0), ratio.toFixed(2)]);
    });
    const title = `sweep of ${hostCount} hosts of 87 kB`;
    return [toRow(title, ['hosts/CPU s', 'collector ÷ it']), ...rows].join('\n');
  });
}

function toContestants(bench: BenchSite): readonly Contestant[] {
  const list = join(bench.memory, 'hosts');
  const config = join(bench.memory, 'curl.conf');
  const outputs = join(bench.memory, 'outputs');
  mkdirSync(outputs);
  writeFileSync(list, bench.hosts.map((host) => `${host}\n`).join(''));
  const toLines = (host: string) => `url = "${bench.urlOf(host)}"\noutput = "${outputs}/${host}"\n`;
  writeFileSync(config, bench.hosts.map(toLines).join(''));
  const bare = join(bench.memory, 'bare');
  mkdirSync(bare);
  const each = ['-P8', '-I{}', 'curl', '-sSf', '-o', `${outputs}/{}`, bench.urlOf('{}')];
  return [
    { name: 'cmk-courier collect', measure: () => measureCollector(bench) },
    {
      name: 'xargs -P8 curl',
      measure: async () => hostCount / processorSecondsOf('xargs', ['-a', list, ...each]),
    },
    {
      name: 'curl --parallel',
      measure: async () => {
        const args = ['-sSf', '--parallel', '--parallel-max', '8', '-K', config];
        return hostCount / processorSecondsOf('curl', args);
      },
    },
    { name: 'undici and files alone', measure: async () => measureBare(bare, bench) },
  ];
}

/** What a long run takes beyond a short one: starting and warming up are left out. */
function measureBare(directory: string, { port }: BenchSite): number {
  const program = fileURLToPath(new URL('bare-sweep.ts', import.meta.url));
  const [short = 0, long = 0] = [4, 12].map((sweeps) =>
    processorSecondsOf(process.execPath, [
      program,
      directory,
      String(port),
      String(hostCount),
      String(sweeps),
    ]),
  );
  return (hostCount * 8) / (long - short);
}

/** It stands still while the others run. */
async function measureCollector({ site }: BenchSite): Promise<number> {
  site.signal('SIGCONT');
  const [cycles, seconds] = [site.status()?.cycles.good, processorSeconds(site.pid)];
  await sleep(windowMs);
  const used = processorSeconds(site.pid) - seconds;
  const done = site.status()?.cycles.good - cycles;
  site.signal('SIGSTOP');
  return done / used;
}

const manyHosts = 10_000;

/** A line: processor time and memory with ten thousand hosts a minute. */
export function benchManyHosts(): Promise<string> {
  return withBenchSite({ hostCount: manyHosts, every: '1m' }, async ({ site }) => {
    await site.start();
    while (site.status()?.cycles.good < manyHosts) await sleep(1000);
    const [cycles, seconds, startMs] = [
      site.status()?.cycles.good,
      processorSeconds(site.pid),
      performance.now(),
    ];
    await sleep(60_000);
    const elapsed = (performance.now() - startMs) / 1000;
    const done = site.status()?.cycles.good - cycles;
    const used = processorSeconds(site.pid) - seconds;
    return [
      `cmk-courier collect with ${manyHosts} hosts of 87 kB, each once a minute`,
      `${((done / elapsed) * 60).toFixed(0)} hosts a minute, ${((used / elapsed) * 100).toFixed(0)} % of a core, ${peakMegabytes(site.pid).toFixed(0)} MB at most`,
    ].join('\n');
  });
}
