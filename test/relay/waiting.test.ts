/** What waits at a relay on a disk that does not let it be read, or has lost a part of it. */

import assert from 'node:assert/strict';
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { WaitingHosts } from '../../src/forwarding/waiting.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { namesOf, shardOf } from '../../src/spool/names.ts';
import { Spool } from '../../src/spool/spool.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const host = parseHostName('far-web01');
const bounds = { hosts: 64, bytes: 1e6 };

/** Two outputs of the host, left by a relay before. */
async function open(t: TestContext) {
  const directory = await makeTempDir(t);
  const log = makeCollectingLog();
  const settings = { directory, maxBytes: 1e9, maxHosts: 100, log, clock: systemClock };
  const spool = await Spool.open({ ...settings, isDurable: false });
  t.after(() => spool.close());
  for (const [text, ageS] of [['whole', 9] as const, ['newest', 8] as const]) {
    const at = new Date(Date.now() - ageS * 1000);
    const about = { host, producedAt: at, receivedAt: at, origin: `file ${text}` };
    await spool.put({ ...about, output: Buffer.from(text) });
  }
  const clock = new FakeClock(Date.now());
  const waiting = new WaitingHosts({ spool, directory, clock, log });
  return { waiting, spool, clock, log, shard: join(directory, shardOf(host)) };
}

test('what cannot be read goes on waiting, is told once, and holds up no fault of its host', async (t) => {
  const { waiting, clock, log, shard } = await open(t);
  // Others might have put anything there.
  await chmod(shard, 0o777);
  const fault = {
    kind: 'fault',
    code: 'TIMEOUT',
    line: 'cmk-courier: x (TIMEOUT)',
    nextMs: 60_000,
  } as const;
  for (let pass = 0; pass < 5; pass += 1) {
    assert.deepEqual((await waiting.choose(bounds)).sent, []);
    assert.ok((waiting.waitMs ?? 0) > 0);
    clock.advance(60_000);
    assert.equal(waiting.waitMs, 0);
  }
  assert.equal(log.lines.length, 1);
  assert.match(
    log.lines[0] ?? '',
    /^warn .*; it goes on waiting \{ host: 'far-web01', code: 'CONFIG' \}$/,
  );
  assert.deepEqual((await waiting.choose(bounds)).sent, []);
  waiting.putFault({
    ...fault,
    host,
    route: 'far',
    durationMs: 1,
    everyMs: 60_000,
    maxAgeMs: 300_000,
  });
  assert.equal(waiting.waitMs, 0);
  const [sent] = (await waiting.choose(bounds)).sent;
  assert.equal(sent?.entry.kind, 'fault');
  waiting.done({ host, what: sent.what });
  await chmod(shard, 0o700);
  clock.advance(60_000);
  const [later] = (await waiting.choose(bounds)).sent;
  assert.ok(later?.entry.kind === 'output');
  assert.equal(later.entry.output.toString(), 'newest');
});

test('where the newest is torn the one before it is sent, as old as it is, and then none is left', async (t) => {
  const { waiting, log, shard, spool } = await open(t);
  const [newest = ''] = namesOf(host, await readdir(shard));
  await writeFile(join(shard, newest), 'something else');
  const [sent] = (await waiting.choose(bounds)).sent;
  assert.ok(sent?.entry.kind === 'output');
  assert.equal(sent.entry.output.toString(), 'whole');
  assert.equal(sent.entry.source, 'file whole');
  assert.ok(Date.now() - sent.entry.producedAtMs > 8500);
  waiting.done(sent);
  assert.equal(waiting.size, 0);
  await waitUntil(() => spool.newest(host) === undefined);
  assert.equal(log.lines.filter((line) => line.includes('is torn or foreign')).length, 1);
});
