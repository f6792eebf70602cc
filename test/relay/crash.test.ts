/** A relay that is killed amidst what it writes down: the outputs that wait for the receiver. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { readSpooled } from '../../src/spool/reading.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { programPath } from '../helpers/programs.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { namesIn } from '../spool/spools.ts';

/** What the relays of one directory have said: by host, when the newest of its kind was produced. */
interface Said {
  readonly kept: Map<string, number>;
  readonly taken: Map<string, number>;
  lines: number;
}

/** Thousands take minutes; some of them belong into every run. */
const kills = process.env['COURIER_TEST_LONG'] === undefined ? 6 : 1000;

/** Kills one at a random moment after its first word, whatever it writes just then. */
async function killOne(directory: string, said: Said): Promise<void> {
  const child = spawn(process.execPath, [programPath('relay-keeper.ts'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const started = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [what, host = '', produced] = line.split(' ');
    if (what === 'started') started.resolve();
    assert.notEqual(what, 'wrong', line);
    said.lines += 1;
    const newest = what === 'kept' ? said.kept : said.taken;
    if (what !== 'started') newest.set(host, Math.max(Number(produced), newest.get(host) ?? 0));
  });
  await Promise.race([started.promise, ended]);
  await sleep(Math.random() * 60);
  child.kill('SIGKILL');
  await ended;
  assert.equal(child.signalCode, 'SIGKILL');
}

/** What was on disk and is not taken is there, or something newer; whole, and as old as it is. */
async function assertKept(directory: string, { kept, taken }: Said): Promise<void> {
  const log = makeCollectingLog();
  for (const [host, newest] of kept) {
    const found = await readSpooled(directory, parseHostName(host), { log, clock: systemClock });
    const produced = found?.producedAt.getTime() ?? 0;
    const isTaken = (taken.get(host) ?? 0) >= newest;
    assert.ok(isTaken || produced >= newest, `${host}: ${produced} waits, ${newest} was kept`);
    if (found === undefined) continue;
    const stamp = `${host} ${produced}\n`;
    const text = found.output.toString('latin1');
    assert.ok(text.startsWith(stamp) && text.endsWith(stamp), `${host}: torn output waits`);
  }
  assert.deepEqual(log.lines, []);
}

async function killMany(t: TestContext, count: number): Promise<void> {
  const directory = join(await makeTempDir(t), 'waiting');
  const said: Said = { kept: new Map(), taken: new Map(), lines: 0 };
  for (let kill = 0; kill < count; kill += 1) {
    await killOne(directory, said);
    await assertKept(directory, said);
    // Two of each host, and what was half-way written: the next one tidies that.
    assert.ok((await namesIn(directory)).length <= 16);
  }
  assert.equal(said.kept.size, 4);
  t.diagnostic(`${count} kills, ${said.lines} words, none lost, none torn, none newer than it is`);
}

test('what waits on disk survives each kill of the relay, whole and as old as it is', async (t) => {
  await Promise.all([killMany(t, kills / 2), killMany(t, kills / 2)]);
});
