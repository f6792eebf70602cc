import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { readPrevious, readSpooled } from '../../src/spool/spool.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { mountSmall } from './small-disk.ts';
import { makeNewOutput, namesIn, openSpool } from './spools.ts';

const web1 = parseHostName('web1');

test('a full disk refuses new output, keeps the old readable, and leaves nothing half-way', async (t) => {
  const small = await mountSmall(t, '400k');
  if (small === undefined) return t.skip('mounting is not permitted here');
  const directory = join(small, 'spool');
  const { spool, log } = await openSpool(t, { directory });
  await spool.put(makeNewOutput('web1', 'a'.repeat(50_000), 1));
  await spool.put(makeNewOutput('web1', 'b'.repeat(50_000), 2));
  const { bytes } = spool.statistics;
  const puts = Array.from({ length: 20 }, (_, index) =>
    spool.put(makeNewOutput('web1', 'c'.repeat(500_000 + index), 3)),
  );
  for (const { status } of await Promise.allSettled(puts)) assert.equal(status, 'rejected');
  const fault = await expectFault(spool.put(makeNewOutput('web2', 'd'.repeat(500_000))), 'LOCAL');
  assert.equal(
    fault.message,
    `putting the output of web2 into ${directory}: no space left on device`,
  );
  const newest = await readSpooled(directory, web1, { log, clock: systemClock });
  const previous = await readPrevious(directory, web1, { log, clock: systemClock });
  assert.equal(newest?.output.toString(), 'b'.repeat(50_000));
  assert.equal(previous?.output.toString(), 'a'.repeat(50_000));
  assert.equal((await namesIn(directory)).length, 2);
  assert.deepEqual([spool.statistics.bytes, spool.statistics.hosts], [bytes, 1]);
});

test('a disk that has space again takes new output again', async (t) => {
  const small = await mountSmall(t, '400k');
  if (small === undefined) return t.skip('mounting is not permitted here');
  const directory = join(small, 'spool');
  const { spool } = await openSpool(t, { directory });
  await spool.put(makeNewOutput('web1', 'a'.repeat(50_000), 1));
  await assert.rejects(writeFile(join(small, 'big'), Buffer.alloc(1_000_000)), { code: 'ENOSPC' });
  await expectFault(spool.put(makeNewOutput('web1', 'b'.repeat(50_000), 2)), 'LOCAL');
  const again = await openSpool(t, { directory });
  assert.equal(again.spool.summaries()[0]?.bytes, 50_000);
  await rm(join(small, 'big'));
  await spool.put(makeNewOutput('web1', 'b'.repeat(50_000), 2));
  const read = await readSpooled(directory, web1, { log: makeCollectingLog(), clock: systemClock });
  assert.equal(read?.output.toString(), 'b'.repeat(50_000));
});
