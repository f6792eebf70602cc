/** Hundreds of relays at one receiver: what is shown of them stays readable. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { describeRelays } from '../../src/collector/relay-lines.ts';
import { status } from '../../src/commands/status.ts';
import { writeRelay } from '../../src/relay/records.ts';
import { findRelayStatuses } from '../../src/relay/status.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const nowMs = Date.UTC(2026, 0, 1);
const about = { address: '192.0.2.1', version: '1', startedAtMs: 0, contactMs: 15_000 };

/** As many, of which some are silent since ten minutes, and one is refused. */
async function makeSpool(t: TestContext, count: number, silent: number): Promise<string> {
  const spool = join(await makeTempDir(t), 'spool');
  for (let n = 0; n < count; n += 1) {
    const isSilent = n >= count - silent;
    await writeRelay(spool, {
      ...{ ...about, id: `token-${n}`, name: `far${String(n).padStart(3, '0')}` },
      ...{ hosts: 20, waiting: isSilent ? 5 : 0, skewMs: 0, isEnded: false },
      lastContactMs: nowMs - (isSilent ? 600_000 : 3000),
      ...(n === 1 ? { refusal: { atMs: nowMs, message: 'not accepted' } } : {}),
    });
  }
  return spool;
}

async function show(spool: string, operands: readonly string[], more: object = {}) {
  const context = { ...makeCommandContext(), clock: new FakeClock(nowMs) };
  await status.run({ operands, options: { spool: [spool], relays: ['true'], ...more } }, context);
  return context.said.output.trimEnd().split('\n');
}

test('those that are not well come first, and can be picked', async (t) => {
  const spool = await makeSpool(t, 300, 2);
  const what = 'waiting, version 1, from 192.0.2.1';
  const bad = [
    `relay far001: heard of 3s ago, refused since: not accepted, 20 hosts, 0 ${what}`,
    `relay far298 has been silent for 10m, 20 hosts, 5 ${what}`,
    `relay far299 has been silent for 10m, 20 hosts, 5 ${what}`,
  ];
  const all = await show(spool, []);
  assert.equal(all.length, 300);
  assert.deepEqual(all.slice(0, 3), bad);
  assert.match(all[3] ?? '', /^relay far000: heard of 3s ago, /);
  assert.deepEqual(await show(spool, [], { faulty: ['true'] }), bad);
  assert.deepEqual(await show(spool, ['far298', 'far299', 'far001']), bad);
  assert.deepEqual(await show(spool, ['far000'], { faulty: ['true'] }), ['no relays']);
});

test('beside hosts many are counted, and those that are not well listed up to ten', async (t) => {
  const spool = await makeSpool(t, 300, 40);
  const lines = describeRelays(await findRelayStatuses(spool, {}, nowMs));
  assert.equal(
    lines[0],
    '300 relays, 41 of them not well: 6000 hosts, 200 waiting; cmk-courier status --relays lists them',
  );
  assert.match(lines[1] ?? '', /^relay far001: .*refused/);
  assert.equal(lines.length, 12);
  assert.equal(lines.at(-1), 'and 31 more relays that are not well');
  const few = await findRelayStatuses(await makeSpool(t, 10, 1), {}, nowMs);
  assert.equal(describeRelays(few).length, 10);
});
