/**
 * What a fleet of a hundred thousand hosts costs on the status page: the first look, a hundred open
 * browsers while every host is fetched each minute, how long anything else has to wait, and the memory
 * of a day of history.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../src/clock.ts';
import type { Batch, Feed, PartRow } from '../../src/status-page/feed.ts';
import { Slices } from '../../src/status-page/fleet/slices.ts';
import { HostHistory } from '../../src/status-page/history/host-history.ts';
import { pages } from '../../src/status-page/page/pages.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { openPage, type RunningPage } from '../status-page/running-page.ts';

const hostCount = 100_000;
const browsers = 100;
const seconds = Number(process.env['SECONDS_EACH'] ?? 20);
const everyMs = 60_000;

/** A fleet in which a sixtieth of the hosts changes each second. */
class ManyHosts implements Feed {
  readonly name = 'collector';
  readonly #rows: PartRow[] = Array.from({ length: hostCount }, (_, n) => makeRow(n, 0));
  #next = 0;
  #changedAtMs = systemClock.monotonic();

  async part() {
    return { name: this.name, state: 'well', troubles: [] } as const;
  }

  async *list(since: string | undefined): AsyncIterable<Batch> {
    const nowMs = systemClock.monotonic();
    const changed = Math.min(
      hostCount,
      Math.round(((nowMs - this.#changedAtMs) / everyMs) * hostCount),
    );
    const rows = since === undefined ? this.#rows : this.#change(changed);
    this.#changedAtMs = nowMs;
    const slices = new Slices(systemClock);
    for (let at = 0; at < Math.max(1, rows.length); at += 512) {
      if (slices.isOver()) await slices.rest();
      yield {
        rows: rows.slice(at, at + 512),
        cursor: 'on',
        isWhole: at === 0 && since === undefined,
      };
    }
  }

  #change(count: number): readonly PartRow[] {
    return Array.from({ length: count }, () => {
      const n = this.#next;
      this.#next = (n + 1) % hostCount;
      const row = makeRow(n, Date.now());
      this.#rows[n] = row;
      return row;
    });
  }

  async host() {
    return undefined;
  }

  async panels() {
    return [];
  }
}

function makeRow(n: number, nowMs: number): PartRow {
  const isFaulty = n % 50 === 0;
  const host = `host${String(n).padStart(6, '0')}.example.net`;
  return {
    ...{ host, route: `route${n % 20}`, source: `ssh ssh://${host}`, folder: `/f${n % 300}` },
    ...{ state: isFaulty ? 'faulty' : 'fresh', failures: isFaulty ? 3 : 0, everyMs },
    ...{ producedAtMs: nowMs || Date.now(), bytes: 40_000 + n, durationMs: n % 900 },
    ...(isFaulty
      ? { fault: { code: 'REFUSED', line: `cmk-courier: ssh: ${host}: no (REFUSED)`, atMs: nowMs } }
      : {}),
  };
}

/** Opens streams in a process of its own, so that its work is not counted; views are a dozen. */
const openStreams = `
const { get } = require('node:http');
const [origin, cookie, count] = process.argv.slice(1);
for (let n = 0; n < count; n += 1) {
  const view = '/?' + ['', 'state=faulty', 'group=route', 'sort=-age', 'q=host00', 'group=folder&state=faulty'][n % 6] + '&page=' + (1 + n % 2);
  get(origin + '/api/events?view=' + encodeURIComponent(view), { headers: { cookie: cookie.split(' ')[n % cookie.split(' ').length] } }, (response) => response.resume());
}
`;

interface Look {
  readonly ms: number;
  readonly bytes: number;
}

async function look(url: string, cookie: string): Promise<Look> {
  const began = performance.now();
  const headers = { cookie, 'accept-encoding': 'gzip' };
  const bytes = await new Promise<number>((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
      });
      response.on('end', () => resolve(size));
    }).on('error', reject);
  });
  return { ms: performance.now() - began, bytes };
}

export function benchStatusPage(): Promise<string> {
  const historyMegabytes = measureHistory();
  return withTempDir(async (root) => {
    const page = await openPage([new ManyHosts()], join(root, 'page'), { sessionMs: everyMs * 60 });
    try {
      return await measure(page, historyMegabytes);
    } finally {
      await page.page.stop();
    }
  });
}

async function measure(page: RunningPage, historyMegabytes: number): Promise<string> {
  const { origin } = page;
  const cookie = await page.logIn();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const firstCpu = process.cpuUsage();
  const first = await look(`${origin}/`, cookie);
  const { user: firstUser, system: firstSystem } = process.cpuUsage(firstCpu);
  const assets = pages.assets.reduce((sum, { bytes }) => sum + gzipSync(bytes).length, 0);
  const second = await look(`${origin}/?group=folder&sort=-age`, cookie);
  const cookies = [cookie];
  // At most sixteen streams a session, and ten logins a minute.
  while (cookies.length < 8) cookies.push(await page.logIn());
  const args = ['-e', openStreams, origin, cookies.join(' '), String(browsers)];
  const client = spawn(process.execPath, args, { stdio: 'inherit' });
  await sleep(5000);
  delay.reset();
  const before = process.cpuUsage();
  await sleep(seconds * 1000);
  const { user, system } = process.cpuUsage(before);
  client.kill();
  await once(client, 'exit');
  const percent = (user + system) / 1e4 / seconds;
  return [
    `status page, ${hostCount} hosts:`,
    `  first view ${first.ms.toFixed(0)} ms (wanted: below 1000; ${((firstUser + firstSystem) / 1000).toFixed(0)} ms of processor time), grouped by folder ${second.ms.toFixed(0)} ms`,
    `  ${((first.bytes + assets) / 1000).toFixed(0)} kB on the wire with script and style (wanted: below 300)`,
    `  ${browsers} browsers: ${percent.toFixed(1)} % of a core (wanted: below 5)`,
    `  longest time that anything else waited: ${(delay.max / 1e6).toFixed(1)} ms`,
    `  history of a day: ${historyMegabytes.toFixed(1)} MB (wanted: below 40)`,
  ].join('\n');
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  for (let turn = 0; turn < 3; turn += 1) runInNewContext('gc()');
}

/** In megabytes. */
function measureHistory(): number {
  const sizeNow = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const names = Array.from({ length: hostCount }, (_, n) => `host${n}`);
  collectGarbage();
  const before = sizeNow();
  const history = new HostHistory();
  const nowMs = Date.now();
  for (let step = 0; step < 4; step += 1) {
    for (const host of names) {
      history.note(host, { producedAtMs: nowMs, durationMs: 40 }, nowMs + step * 15 * everyMs);
    }
  }
  collectGarbage();
  const bytes = sizeNow() - before;
  // Used once more, or it would have been garbage as well.
  return history.series('host1', nowMs) === undefined ? Number.NaN : bytes / 1e6;
}
