/** How long a relay takes for what has waited while the way was down, by what goes into one message. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { openForwarder } from '../../src/forwarding/open-forwarder.ts';
import { forwardOptions } from '../../src/forwarding/options.ts';
import type { Bounds } from '../../src/forwarding/waiting.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { type Distance, startFarWay } from './far-way.ts';
import { median } from './interleave.ts';
import { startReceiver } from './receiver.ts';
import { sampleOutput } from './sample-output.ts';

const messages = 9;
const fewestHosts = 48;
const turns = Number(process.env['TURNS'] ?? 3);
const output = sampleOutput().subarray(0, 10_000);
const megabyte = 1024 * 1024;

const sizes: readonly Bounds[] = [
  { hosts: 1, bytes: megabyte },
  { hosts: 8, bytes: megabyte },
  { hosts: 32, bytes: megabyte },
  { hosts: 64, bytes: megabyte },
  { hosts: 128, bytes: 2 * megabyte },
  { hosts: 256, bytes: 4 * megabyte },
];

const times = { everyMs: 60_000, maxAgeMs: 300_000, nextMs: 60_000, durationMs: 10 };
const about = {
  route: 'far',
  source: 'bench',
  losses: '',
  drop: undefined,
  isFormer: false,
  sealedBy: undefined,
};

const ways: readonly { readonly name: string; readonly distance: Distance }[] = [
  { name: '50 ms', distance: { delayMs: 25, bytesPerSecond: Number.POSITIVE_INFINITY } },
  { name: '50 ms, 8 Mbit/s', distance: { delayMs: 25, bytesPerSecond: 1e6 } },
];

/** A line for each size and way; the sizes take turns. */
export function benchRelayWay(): Promise<string> {
  return withTempDir(async (directory) => {
    const { child, securePort, token } = await startReceiver(directory);
    try {
      const file = join(directory, 'token');
      writeFileSync(file, token, { mode: 0o600 });
      const lines = ['a relay sends what waited, outputs of 10 kB, after its first message:'];
      for (const { name, distance } of ways) {
        const way = await startFarWay(securePort, distance);
        lines.push(...(await compare(name, { directory, port: way.port })));
        await way.close();
      }
      return lines.join('\n');
    } finally {
      child.kill('SIGKILL');
    }
  });
}

interface Place {
  readonly directory: string;
  readonly port: number;
}

async function compare(name: string, place: Place): Promise<readonly string[]> {
  const rates = sizes.map((): number[] => []);
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [index, size] of sizes.entries()) {
      rates[index]?.push(await sendAll(place, size, `${name} ${turn} ${index}`));
    }
  }
  const medians = rates.map(median);
  const best = Math.max(...medians);
  return sizes.map((size, index) => {
    const own = medians[index] ?? Number.NaN;
    const what = `${name}, ${size.hosts} hosts or ${size.bytes / megabyte} MiB a message`;
    return `${what}: ${Math.round(own)} hosts a second, ${(own / best).toFixed(2)} of the best`;
  });
}

/** @returns hosts a second, once the connection is there and the first message is taken */
async function sendAll({ directory, port }: Place, size: Bounds, id: string): Promise<number> {
  const values = parseOptions(forwardOptions, {
    forward: [`https://localhost:${port}/bench`],
    ca: [join(directory, 'certificates', 'ca.pem')],
    tokenFile: [join(directory, 'token')],
    contact: ['1h'],
  });
  const context = { ...makeCommandContext(), clock: systemClock, log: makeCollectingLog() };
  const spoolDirectory = join(directory, `relay ${id}`, 'spool');
  const bounds = { spoolDirectory, maxSpoolBytes: 1e9, maxSpoolHosts: 10_000, perMessage: size };
  const forwarder = await openForwarder(values, bounds, context);
  const hosts = Math.max(fewestHosts, size.hosts * messages);
  for (let index = 0; index < hosts; index += 1) {
    const end = { host: parseHostName(`far${index}`), kind: 'output', parts: [output] } as const;
    const producedAt = new Date();
    forwarder.cycleEnded({ ...end, ...times, ...about, producedAt });
  }
  const waiting = () => forwarder.toStatus().forwarding.waiting;
  forwarder.start();
  while (waiting() === hosts) await sleep(2);
  const [startedAt, left] = [performance.now(), waiting()];
  while (waiting() > 0) await sleep(2);
  const seconds = (performance.now() - startedAt) / 1000;
  await forwarder.stop();
  return left / seconds;
}
