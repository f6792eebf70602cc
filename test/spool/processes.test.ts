import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { readPrevious, readSpooled } from '../../src/spool/spool.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { namesIn, openSpool } from './spools.ts';
import { type Acknowledged, assertReadable, startWriter } from './writers.ts';

test('writers in several processes never lose or tear what readers see, nor go back', async (t) => {
  const directory = join(await makeTempDir(t), 'spool');
  const acknowledged: Acknowledged = new Map();
  const writers = Array.from({ length: 3 }, () => startWriter(directory, acknowledged, ['400']));
  let running = true;
  const ended = Promise.all(writers.map((writer) => writer.ended)).then(() => {
    running = false;
  });
  const seen = new Map<string, number>();
  let reads = 0;
  while (running) {
    await assertReadable(directory, acknowledged);
    reads += await readForwards(directory, seen);
  }
  await ended;
  await assertReadable(directory, acknowledged);
  assert.deepEqual(
    writers.map(({ child, count }) => [child.exitCode, count()]),
    writers.map(() => [0, 400]),
  );
  await openSpool(t, { directory });
  await assertReadable(directory, acknowledged);
  assert.equal((await namesIn(directory)).length, 12);
  t.diagnostic(`${reads} reads`);
});

/** Reads every host, and sees nothing older than before; nor is the one before newer. */
async function readForwards(directory: string, seen: Map<string, number>): Promise<number> {
  const log = makeCollectingLog();
  for (let index = 0; index < 6; index += 1) {
    const host = parseHostName(`web${index}`);
    const previous = await readPrevious(directory, host, { log, clock: systemClock });
    const newest = await readSpooled(directory, host, { log, clock: systemClock });
    const produced = newest?.producedAt.getTime() ?? 0;
    assert.ok(produced >= (seen.get(host) ?? 0), `${host} goes back`);
    assert.ok((previous?.producedAt.getTime() ?? 0) <= produced);
    seen.set(host, produced);
  }
  assert.deepEqual(log.lines, []);
  return 12;
}
