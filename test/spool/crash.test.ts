import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { mountSmall } from './small-disk.ts';
import { namesIn, openSpool } from './spools.ts';
import { type Acknowledged, assertReadable, startWriter, type Writer } from './writers.ts';

/** Most are killed amidst their puts, some while they start. */
async function killOne(directory: string, acknowledged: Acknowledged): Promise<Writer> {
  const writer = startWriter(directory, acknowledged);
  if (Math.random() < 0.2) await sleep(Math.random() * 150);
  else await waitForFirst(writer);
  await sleep(Math.random() * 30);
  writer.child.kill('SIGKILL');
  await writer.ended;
  assert.equal(writer.child.signalCode, 'SIGKILL');
  return writer;
}

/** On a disk that is full there may be none. */
async function waitForFirst({ count, child }: Writer): Promise<void> {
  const giveUpAt = performance.now() + 1000;
  while (count() === 0 && child.exitCode === null && performance.now() < giveUpAt) await sleep(1);
}

/** Two writers at a time in one spool, each killed at a random moment; says how much was refused. */
async function killMany(t: TestContext, directory: string, kills: number): Promise<number> {
  const acknowledged: Acknowledged = new Map();
  let left = kills;
  let safe = 0;
  let refused = 0;
  const killInTurn = async () => {
    while (left > 0) {
      left -= 1;
      const writer = await killOne(directory, acknowledged);
      safe += writer.count();
      refused += writer.refused();
      await assertReadable(directory, acknowledged);
    }
  };
  await Promise.all([killInTurn(), killInTurn()]);
  await openSpool(t, { directory });
  await assertReadable(directory, acknowledged);
  assert.ok((await namesIn(directory)).length <= 12);
  assert.deepEqual(await readdir(join(directory, 'broken')), []);
  t.diagnostic(`${kills} kills, ${safe} outputs said to be safe, none lost, none torn`);
  return refused;
}

/** Thousands take minutes; some of them belong into every run. */
const isLong = process.env['COURIER_TEST_LONG'] !== undefined;

test('whatever was said to be safe survives each kill, or a newer one is there', async (t) => {
  await killMany(t, join(await makeTempDir(t), 'spool'), isLong ? 3000 : 100);
});

test('and so it does on a disk that is full again and again', async (t) => {
  const small = await mountSmall(t, '400k');
  if (small === undefined) return t.skip('mounting is not permitted here');
  const directory = join(small, 'spool');
  await mkdir(directory);
  const refused = await killMany(t, directory, isLong ? 600 : 40);
  assert.ok(refused > 0);
  t.diagnostic(`${refused} outputs refused`);
});
