/**
 * What the way through a broker costs: outputs a second through a receiver into a stream, beside plain
 * publishing of the same bodies by the same library in the same run, how long it takes from the upload
 * to the ready file, and what a collector holds that follows 10,000 hosts there.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StreamWriter } from '../../src/broker/stream-writer.ts';
import { parseOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { packOutput } from '../../src/nats/message.ts';
import { natsOptions } from '../../src/nats/options.ts';
import { parseNatsServers } from '../../src/nats/servers.ts';
import { outputSubject } from '../../src/nats/subjects.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { openStage, type Stage } from '../broker/stage.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { courier, start } from '../helpers/run-program.ts';
import { type Owner, openTestSession } from '../nats/sessions.ts';
import { benchUploads } from './broker-uploads.ts';
import { lanes, runLanes, showRun, showTimes } from './lanes.ts';
import { sampleOutput } from './sample-output.ts';

const outputs = 3000;
const hosts = 500;
const site = 'mysite';
const output = sampleOutput().subarray(0, 30_000);

/** Ends in the reverse order. */
class Ends implements Owner {
  readonly #ends: (() => Promise<void>)[] = [];

  after(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }
}

/** A few lines. */
export async function benchBrokers(): Promise<string> {
  const lines = [`through a broker on loopback: ${outputs} outputs of 30 kB, ${lanes} at once`];
  for (const servers of [1, 3] as const) {
    const ends = new Ends();
    try {
      const nats = { servers };
      const stage = await openStage(ends, { nats, hosts, intervalMs: 1000, collectors: 0 });
      lines.push(`R${servers} plain publishing:    ${await benchPlain(ends, stage)}`);
      lines.push(`R${servers} newest-wins writer:  ${await benchWriter(ends, stage)}`);
      for (const line of await benchUploads(ends, stage)) lines.push(`R${servers} ${line}`);
      lines.push(`R${servers} upload to ready file: ${await benchReady(stage)}`);
      if (servers === 1) lines.push(await measureCollector(ends, stage));
    } finally {
      await ends.end();
    }
  }
  return lines.join('\n');
}

/** `1234/s, p50 1.2 ms, p99 3.4 ms` of `work`, done for each number below `outputs`. */
async function time(work: (index: number) => Promise<unknown>): Promise<string> {
  return showRun(await runLanes(outputs, work));
}

const hostAt = (index: number) => parseHostName(`bench${index % hosts}`);

function toOutput(index: number) {
  const at = new Date();
  return { host: hostAt(index), output, producedAt: at, receivedAt: at, origin: 'bench' };
}

async function benchPlain(ends: Owner, { peer }: Stage): Promise<string> {
  const { session } = openTestSession(ends, peer.urls);
  const { jetstream } = await import('@nats-io/jetstream');
  const stream = jetstream(await session.connection(neverAborts));
  const { body } = await packOutput(toOutput(0));
  return time((index) => stream.publish(outputSubject('plain', hostAt(index)), body));
}

async function benchWriter(ends: Owner, { peer }: Stage): Promise<string> {
  const servers = parseNatsServers(peer.urls.map((url) => url.replace('nats://', '')).join());
  const access = { servers, options: parseOptions(natsOptions, {}), stream: 'COURIER', site: 'w' };
  const context = { ...makeOpenContext(), clock: systemClock, maxSkewMs: 60_000 };
  const writer = await StreamWriter.open(access, context);
  ends.after(() => writer.close());
  return time((index) => writer.write(toOutput(index), neverAborts));
}

const followed = 10_000;

/** A collector that reads many hosts from the stream: memory, and how long until all are ready. */
async function measureCollector(ends: Owner, stage: Stage): Promise<string> {
  const names = Array.from({ length: followed }, (_, index) => `many${index}`);
  const { session } = openTestSession(ends, stage.peer.urls);
  const connection = await session.connection(neverAborts);
  const { headers, body } = await packOutput(toOutput(0));
  const { headers: make } = await import('@nats-io/transport-node');
  for (let index = 0; index < names.length; index += 100) {
    const batch = names.slice(index, index + 100).map((name) => {
      const given = make();
      for (const [key, value] of headers) if (key !== 'Nats-Msg-Id') given.set(key, value);
      const subject = outputSubject(site, parseHostName(name));
      return connection.request(subject, body, { headers: given, timeout: 20_000 });
    });
    await Promise.all(batch);
  }
  const startedAt = performance.now();
  const { running, ready } = startCollector(stage, 'collector', names);
  while (countFiles(ready) < followed && performance.now() - startedAt < 180_000) await sleep(100);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const there = countFiles(ready);
  const [, kb = '0'] =
    /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${running.pid}/status`, 'utf8')) ?? [];
  process.kill(running.pid, 'SIGKILL');
  await running.ended;
  return `collector that follows ${followed} hosts: ${there} ready after ${seconds} s, ${Math.round(Number(kb) / 1024)} MB`;
}

const uploads = 500;
const readyHosts = 50;

/** One after the other: from the first byte of an upload until the site could read it. */
async function benchReady(stage: Stage): Promise<string> {
  const names = Array.from({ length: readyHosts }, (_, index) => `ready${index}`);
  const { running, ready } = startCollector(stage, 'following', names);
  const tookMs: number[] = [];
  // The first upload of each host finds a collector that may not follow yet.
  for (let index = -readyHosts; index < uploads; index += 1) {
    const name = names[(index + readyHosts) % readyHosts] ?? '';
    const mark = `<<<mark>>>\n${name} ${index}\n`;
    const startedAt = performance.now();
    const said = await stage.uploads[0]?.put(
      name,
      Buffer.concat([output, Buffer.from(`\n${mark}`)]),
      new Date(),
    );
    if (said?.status !== 204) throw new Error(`${said?.status} ${said?.body}`);
    while (!holds(join(ready, name), mark)) await sleep(1);
    if (index >= 0) tookMs.push(performance.now() - startedAt);
  }
  process.kill(running.pid, 'SIGKILL');
  await running.ended;
  return showTimes(tookMs);
}

function holds(path: string, mark: string): boolean {
  try {
    return readFileSync(path).includes(mark);
  } catch {
    return false;
  }
}

/** A collector that follows the outputs of hosts in the stream. */
function startCollector(stage: Stage, name: string, names: readonly string[]) {
  const home = join(stage.peer.directory, name);
  mkdirSync(home);
  const source = `nats://${stage.peer.urls.join().replaceAll('nats://', '')}/${site}/{host}`;
  const route = `{ hosts: [${names.join(', ')}], sources: '${source}' }`;
  const routes = join(home, 'routes.yaml');
  writeFileSync(routes, `defaults: { every: 60s, maxAge: 1h }\nroutes: [${route}]\n`);
  const places = ['ready', 'spool'].map((place) => `--${place}=${home}/${place}`);
  const running = start(courier, ['collect', `--routes=${routes}`, ...places]);
  return { running, ready: join(home, 'ready') };
}

function countFiles(directory: string): number {
  try {
    return readdirSync(directory).filter((name) => name.startsWith('many')).length;
  } catch {
    return 0;
  }
}
