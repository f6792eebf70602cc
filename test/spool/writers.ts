/** Writers in processes of their own, and what they said was safe. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { readSpooled } from '../../src/spool/spool.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { programPath } from '../helpers/programs.ts';

/** When the newest output said to be safe was produced, by host. */
export type Acknowledged = Map<string, number>;

export interface Writer {
  readonly child: ChildProcess;
  /** How many outputs it has said are safe. */
  readonly count: () => number;
  /** How many were refused because the disk was full. */
  readonly refused: () => number;
  readonly ended: Promise<void>;
}

/** Starts a writer; whatever it says is noted in `acknowledged`. */
export function startWriter(
  directory: string,
  acknowledged: Acknowledged,
  puts: readonly string[] = [],
): Writer {
  const program = programPath('spool-writer.ts');
  const child = spawn(process.execPath, [program, directory, ...puts], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let rest = '';
  let count = 0;
  let refused = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    refused += lines.filter((line) => line === 'refused').length;
    for (const line of lines.filter((candidate) => candidate !== 'refused')) {
      count += 1;
      const [host = '', produced] = line.split(' ');
      acknowledged.set(host, Math.max(Number(produced), acknowledged.get(host) ?? 0));
    }
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return { child, count: () => count, refused: () => refused, ended };
}

/** Whole outputs are there, each at least as new as the newest that was said to be safe. */
export async function assertReadable(directory: string, acknowledged: Acknowledged): Promise<void> {
  const log = makeCollectingLog();
  for (const [host, newest] of [...acknowledged]) {
    const read = await readSpooled(directory, parseHostName(host), { log, clock: systemClock });
    assert.ok(read !== undefined, `${host} is lost`);
    const produced = read.producedAt.getTime();
    assert.ok(produced >= newest, `${host}: ${produced} is served, ${newest} was safe`);
    const stamp = `${host} ${produced}\n`;
    const text = read.output.toString();
    assert.ok(text.startsWith(stamp) && text.endsWith(stamp), `${host}: torn output is served`);
  }
  assert.deepEqual(log.lines, []);
}
