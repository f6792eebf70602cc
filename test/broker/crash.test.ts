/** Outputs on their way into a broker that comes and goes, and a service that is killed meanwhile. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { readSpooled } from '../../src/spool/spool.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { programPath } from '../helpers/programs.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { mountSmall } from '../spool/small-disk.ts';

const isLong = process.env['COURIER_TEST_LONG'] !== undefined;

/** When the newest output of each host was produced. */
type Newest = Map<string, number>;

interface Known {
  readonly taken: Newest;
  readonly stored: Newest;
  refused: number;
}

/** Runs the program; what it says is noted in `known`. */
function run(t: TestContext, known: Known, args: readonly string[]) {
  const program = programPath('sink-writer.ts');
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => void child.kill('SIGKILL'));
  const started = Promise.withResolvers<void>();
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const [word = '', host = '', produced] = line.split(' ');
    if (word === 'started') started.resolve();
    if (word === 'refused') known.refused += 1;
    const newest = { taken: known.taken, stored: known.stored }[word];
    newest?.set(host, Math.max(Number(produced), newest.get(host) ?? 0));
  });
  return {
    child,
    started: started.promise,
    ended: Promise.all([once(child, 'close'), once(lines, 'close')]),
  };
}

/** Of each host: what was acknowledged, or something newer, is in the broker or waits on disk. */
async function assertNothingLost(directory: string, { taken, stored }: Known): Promise<void> {
  const log = makeCollectingLog();
  for (const [host, produced] of taken) {
    const read = await readSpooled(directory, parseHostName(host), { log, clock: systemClock });
    const there = Math.max(read?.producedAt.getTime() ?? 0, stored.get(host) ?? 0);
    assert.ok(there >= produced, `${host}: ${produced} was acknowledged, there is ${there}`);
  }
  assert.deepEqual(log.lines, []);
}

/** @param isMet what has to have happened before the first kill */
async function killMany(
  t: TestContext,
  directory: string,
  kills: number,
  isMet: (known: Known) => boolean,
): Promise<void> {
  const known: Known = { taken: new Map(), stored: new Map(), refused: 0 };
  for (let kill = 0; kill < kills; kill += 1) {
    const { child, started, ended } = run(t, known, [directory]);
    await Promise.race([started, sleep(10_000)]);
    if (kill === 0) await waitUntil(() => isMet(known));
    await sleep(Math.random() * 150);
    child.kill('SIGKILL');
    await ended;
    await assertNothingLost(directory, known);
  }
  const last = run(t, known, [directory, 'forward']);
  await last.ended;
  for (const [host, produced] of known.taken) {
    assert.ok((known.stored.get(host) ?? 0) >= produced, `${host} has not followed`);
  }
}

const hasTaken = ({ taken }: Known) => taken.size > 0;

test('what was acknowledged is in the broker or waits on disk after each kill, and follows', async (t) => {
  await killMany(t, join(await makeTempDir(t), 'waiting'), isLong ? 300 : 2, hasTaken);
});

test('and so it is where what waits has filled the disk', async (t) => {
  const disk = await mountSmall(t, '100k');
  if (disk === undefined) return t.skip('nothing may be mounted here');
  const wasFull = (known: Known) => hasTaken(known) && known.refused > 0;
  await killMany(t, join(disk, 'waiting'), isLong ? 100 : 1, wasFull);
});
