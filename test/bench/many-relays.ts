/**
 * Hundreds of relays at one receiver: how long it takes to answer each, what it costs in memory, and
 * what one relay that sends without a pause does to the others.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Client } from 'undici';
import { Accesses } from '../../src/receiver/state/accesses.ts';
import { type RelayEntry, readAnswer, writeMessage } from '../../src/relay/message.ts';
import { courier, start } from '../helpers/run-program.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { memoryOf, startReceiver } from './receiver.ts';
import { sampleOutput } from './sample-output.ts';

const relays = Number(process.env['RELAYS'] ?? 300);
const hostsEach = 30;
/** A relay with so many hosts that are asked once a minute sends some of them every few seconds. */
const perMessage = 5;
const everyMs = 10_000;
const phaseMs = Number(process.env['PHASE_MS'] ?? 20_000);
const greedyConnections = 8;
const output = sampleOutput().subarray(0, 10_000);

interface Relay {
  readonly name: string;
  readonly token: string;
  readonly client: Client;
  next: number;
}

interface Counted {
  readonly tookMs: number[];
  taken: number;
  putOff: number;
}

function entryOf(host: string): RelayEntry {
  const about = { producedAtMs: Date.now(), source: 'bench', everyMs: 60_000, maxAgeMs: 300_000 };
  return { kind: 'output', host, ...about, output };
}

async function send(relay: Relay, hosts: readonly string[], counted: Counted): Promise<void> {
  const note = {
    ...{ version: 'bench', startedAtMs: 0, sentAtMs: Date.now(), contactMs: everyMs },
    ...{ hosts: hostsEach, waiting: 0 },
  };
  const body = gzipSync(writeMessage({ note, entries: hosts.map(entryOf) }), { level: 1 });
  const startedMs = performance.now();
  const { statusCode, body: said } = await relay.client.request({
    ...{ method: 'POST', path: '/bench/v1/relay', body },
    headers: { authorization: `Bearer ${relay.token}` },
  });
  counted.tookMs.push(performance.now() - startedMs);
  const answer = Buffer.from(await said.arrayBuffer());
  const verdicts = statusCode === 200 ? readAnswer(answer, 'here').verdicts : [];
  const taken = verdicts.filter(({ status }) => status === 204).length;
  counted.taken += taken;
  counted.putOff += hosts.length - taken;
}

/** As a relay does: some of its hosts now and then. */
async function run(relay: Relay, counted: Counted, signal: AbortSignal): Promise<void> {
  await sleep(Math.random() * everyMs);
  while (!signal.aborted) {
    const hosts = Array.from(
      { length: perMessage },
      (_, n) => `${relay.name}-${(relay.next + n) % hostsEach}`,
    );
    relay.next += perMessage;
    await send(relay, hosts, counted);
    await sleep(everyMs);
  }
}

/** Names other hosts each time, as fast as it is answered. */
async function flood(relay: Relay, counted: Counted, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const hosts = Array.from({ length: 128 }, () => `${relay.name}-${relay.next++ % 5000}`);
    await send(relay, hosts, counted).catch(() => undefined);
  }
}

const makeCounted = (): Counted => ({ tookMs: [], taken: 0, putOff: 0 });

function describe(name: string, { tookMs, taken, putOff }: Counted): string {
  const sorted = tookMs.toSorted((one, other) => one - other);
  const at = (share: number) => (sorted[Math.trunc(sorted.length * share)] ?? 0).toFixed(0);
  const answers = `${sorted.length} messages, ${taken} taken, ${putOff} put off`;
  return `  ${name}: ${answers}; ${at(0.5)} ms, 99 %: ${at(0.99)} ms, longest ${at(0.9999)} ms`;
}

async function timed(args: readonly string[]): Promise<string> {
  const startedMs = performance.now();
  const { stdout } = await start(courier, args).ended;
  const tookMs = (performance.now() - startedMs).toFixed(0);
  const lines = stdout.toString().split('\n').length - 1;
  return `  cmk-courier ${args[0]} ${args[1]}: ${lines} lines in ${tookMs} ms`;
}

export function benchManyRelays(): Promise<string> {
  return withTempDir(async (directory) => {
    const limits = { 'upload-rate': '60000', 'sender-upload-rate': '30' };
    const running = await startReceiver(directory, [courier], limits);
    const ca = readFileSync(join(directory, 'certificates/ca.pem'), 'utf8');
    const accesses = await Accesses.open(join(directory, 'state'));
    const open = async (name: string, connections = 1): Promise<readonly Relay[]> => {
      const wish = {
        kind: 'upload',
        hosts: [`${name}-*`],
        piggyback: [],
        mode: 'push-agent',
      } as const;
      const about = { name, now: Date.now(), validMs: undefined };
      const { secret: token } = await accesses.make({ ...wish, ...about });
      return Array.from({ length: connections }, (_, n) => {
        const connect = { ca, servername: 'localhost' };
        const client = new Client(`https://127.0.0.1:${running.securePort}`, { connect });
        return { name, token, client, next: n * 600 };
      });
    };
    const honest: Relay[] = [];
    for (let n = 0; n < relays; n += 1) honest.push(...(await open(`far${n}`)));
    const greedy = await open('greedy', greedyConnections);
    const lines = [`${relays} relays with ${hostsEach} hosts each, outputs of 10 kB:`];
    try {
      for (const name of ['no other', 'beside one that sends without a pause']) {
        const ending = new AbortController();
        const [counted, ofGreedy] = [makeCounted(), makeCounted()];
        const works = honest.map((relay) => run(relay, counted, ending.signal));
        if (name !== 'no other') {
          works.push(...greedy.map((relay) => flood(relay, ofGreedy, ending.signal)));
        }
        await sleep(phaseMs);
        ending.abort();
        await Promise.all(works);
        const [now, most] = await memoryOf(running);
        lines.push(describe(name, counted));
        if (ofGreedy.tookMs.length > 0) lines.push(describe('that one', ofGreedy));
        lines.push(`  memory ${now.toFixed(0)} MB, at most ${most.toFixed(0)} MB`);
      }
      const spool = `--spool=${join(directory, 'spool')}`;
      lines.push(await timed(['status', '--relays', spool]));
      lines.push(await timed(['hosts', 'list', spool, `--state=${join(directory, 'state')}`]));
      return lines.join('\n');
    } finally {
      for (const { client } of [...honest, ...greedy]) await client.destroy();
      running.child.kill();
    }
  });
}
