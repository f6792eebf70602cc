import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SpoolRoom } from '../../src/collector/spool-room.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { makeNewOutput, openSpool } from '../spool/spools.ts';

const noon = Date.UTC(2026, 0, 1, 12);
const hourMs = 3_600_000;

/** A spool for three hosts; what a collector brought there, by host and second. */
async function makeRoom(t: TestContext, hosts: Readonly<Record<string, number>>) {
  const { spool } = await openSpool(t, { maxHosts: 3 });
  const put = (host: string, second: number, origin = 'collector http https://depot') =>
    spool.put({ ...makeNewOutput(host, `<<<a>>>\n${host}\n`, second), origin });
  for (const [host, second] of Object.entries(hosts)) await put(host, second);
  const room = new SpoolRoom(spool, 3);
  const names = () =>
    spool
      .summaries()
      .map(({ host }) => host)
      .sort();
  return { room, put, names };
}

test('what was kept of a host that is gone goes after a day', async (t) => {
  const { room, names } = await makeRoom(t, { here: 1, gone: 2 });
  await room.tidy((host) => host === 'here', noon + 23 * hourMs);
  assert.deepEqual(names(), ['gone', 'here']);
  await room.tidy((host) => host === 'here', noon + 25 * hourMs);
  assert.deepEqual(names(), ['here']);
});

test('a full spool lets go of the oldest that is gone, and has room for a new host', async (t) => {
  const { room, put, names } = await makeRoom(t, { here: 1, goneLater: 3, goneFirst: 2 });
  assert.equal((await catchFault(put('new', 4))).code, 'LOCAL');
  await room.tidy((host) => ['here', 'new'].includes(host), noon);
  assert.deepEqual(names(), ['goneLater', 'here']);
  await put('new', 5);
  assert.deepEqual(names(), ['goneLater', 'here', 'new']);
});

test('what a receiver brought stays, however full and old', async (t) => {
  const { room, put, names } = await makeRoom(t, { gone: 1 });
  await put('pushed1', 2, 'upload web');
  await put('pushed2', 3, 'agent-controller 1');
  await room.tidy(() => false, noon + 100 * hourMs);
  assert.deepEqual(names(), ['pushed1', 'pushed2']);
});
