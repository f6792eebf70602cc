/** What a receiver remembers of relays and their hosts, over time and beside other receivers. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseHostName } from '../../src/names/host-name.ts';
import { RelayDesk } from '../../src/receiver/relays/desk.ts';
import { toRelayMetrics } from '../../src/receiver/relays/metrics.ts';
import { listRelays, readHost, removeHost } from '../../src/relay/records.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const host = parseHostName('far-web01');
const minuteMs = 60_000;
const one = { id: 'token-1', name: 'far1', address: '192.0.2.1' };
const two = { id: 'token-2', name: 'far2', address: '192.0.2.2' };
const note = { version: '1', startedAtMs: 0, contactMs: 15_000, hosts: 1, waiting: 0 };

async function open(t: TestContext) {
  const spool = join(await makeTempDir(t), 'spool');
  const clock = new FakeClock();
  const log = makeCollectingLog();
  const start = () => new RelayDesk({ spool, maxHosts: 10, clock, log });
  const desk = start();
  const output = (relay = one, everyMs = minuteMs, isKept = true) => {
    const about = { producedAtMs: clock.now(), source: 'file x', everyMs };
    const entry = { kind: 'output', host, ...about, output: Buffer.from('x') } as const;
    return desk.brought(relay, host, { entry, isKept });
  };
  const fault = (relay = one, everyMs = minuteMs) => {
    const about = { code: 'TIMEOUT', line: 'no answer', ageMs: 0, validMs: everyMs } as const;
    const entry = { kind: 'fault', host, everyMs, ...about } as const;
    return desk.brought(relay, host, { entry, isKept: false });
  };
  const heardOf = (relay = one) => desk.relays.heardOf(relay, { ...note, sentAtMs: clock.now() });
  const known = () => readHost(spool, host);
  return { spool, clock, log, start, desk, output, fault, heardOf, known };
}

test('what another receiver of the spool has forgotten is written again before long', async (t) => {
  const { spool, clock, output, known } = await open(t);
  await output();
  await removeHost(spool, host);
  clock.advance(minuteMs);
  await output();
  clock.advance(10 * minuteMs);
  await output();
  assert.equal((await known())?.relayName, 'far1');
});

test('how long a relay counts that writes no more is said by its own interval', async (t) => {
  const { clock, output, fault, known } = await open(t);
  await output(one);
  clock.advance(2 * minuteMs);
  await fault(two, 60 * minuteMs);
  assert.equal((await known())?.relayName, 'far1');
  clock.advance(2 * minuteMs);
  await fault(two, 60 * minuteMs);
  assert.equal((await known())?.fault?.code, 'TIMEOUT');
  assert.equal((await known())?.relayName, 'far2');
});

test('what waited over a restart of a relay changes nothing of how often it asks', async (t) => {
  const { clock, desk, output, known } = await open(t);
  await output(one, 60 * minuteMs);
  const about = { producedAtMs: clock.now(), source: 'kept', output: Buffer.from('x') };
  await desk.brought(one, host, { entry: { kind: 'output', host, ...about }, isKept: true });
  assert.deepEqual([(await known())?.source, (await known())?.everyMs], ['kept', 60 * minuteMs]);
});

test('the only relay that brings output is the way, also where there is newer output', async (t) => {
  const { clock, output, fault, known } = await open(t);
  await fault(one);
  clock.advance(minuteMs);
  await output(one, minuteMs, false);
  assert.equal((await known())?.fault, undefined);
  await output(two, minuteMs, false);
  assert.equal((await known())?.relayName, 'far1');
  clock.advance(4 * minuteMs);
  await output(two, minuteMs, false);
  assert.equal((await known())?.relayName, 'far2');
});

test('a relay that is silent since before the start of the receiver is in its metrics', async (t) => {
  const { clock, start, heardOf, log } = await open(t);
  await heardOf();
  clock.advance(10 * minuteMs);
  const again = start();
  await again.relays.refresh();
  const metrics = toRelayMetrics(again, clock.now());
  const since = metrics.find(({ name }) => name === 'relay_last_contact_seconds');
  assert.deepEqual(since?.type === 'gauge' && since.samples.map(({ value }) => value), [600]);
  assert.deepEqual(log.lines, []);
});

test('a relay that comes again and again is written down now and then', async (t) => {
  const { clock, spool, heardOf } = await open(t);
  await heardOf();
  const first = clock.now();
  const written = async () => ((await listRelays(spool))[0]?.lastContactMs ?? 0) - first;
  for (let n = 0; n < 4; n += 1) {
    clock.advance(1000);
    await heardOf();
  }
  assert.equal(await written(), 0);
  clock.advance(1000);
  await heardOf();
  assert.equal(await written(), 5000);
});

test('relays that are new at once are told from their namesakes all the same', async (t) => {
  const { clock, spool, heardOf } = await open(t);
  const ids = Array.from({ length: 30 }, (_, n) => n);
  const all = (kind: string) =>
    Promise.all(ids.map((n) => heardOf({ ...one, id: `${kind}-${n}`, name: `far${n}` })));
  await all('old');
  clock.advance(10 * minuteMs);
  await all('new');
  const left = (await listRelays(spool)).filter(({ id }) => id.startsWith('old'));
  assert.deepEqual([left, (await listRelays(spool)).length], [[], 30]);
});

test('relays are forgotten when another has their name, or after 30 days', async (t) => {
  const { clock, spool, desk, heardOf } = await open(t);
  const names = async () => (await listRelays(spool)).map(({ id }) => id);
  await heardOf(one);
  await heardOf(two);
  // It is not silent yet when the other one comes.
  clock.advance(10_000);
  await heardOf({ ...one, id: 'token-3' });
  assert.deepEqual(await names(), ['token-1', 'token-3', 'token-2']);
  clock.advance(minuteMs);
  await heardOf({ ...one, id: 'token-3' });
  await desk.prune([]);
  assert.deepEqual(await names(), ['token-3', 'token-2']);
  clock.advance(30 * 24 * 60 * minuteMs);
  await heardOf({ ...one, id: 'token-3' });
  await desk.prune([]);
  assert.deepEqual(await names(), ['token-3']);
});

test('a refused host is told again after an hour of silence, and for each relay', async (t) => {
  const { clock, desk } = await open(t);
  const refuse = (relay = one, name: string = host) =>
    desk.refusedHosts.note(relay, [{ host: name, status: 403, message: 'no' }]).warning;
  assert.equal(refuse(), 'relay far1: far-web01 refused with 403: no');
  clock.advance(59 * minuteMs);
  assert.equal(refuse(), undefined);
  assert.equal(refuse(two), 'relay far2: far-web01 refused with 403: no');
  clock.advance(60 * minuteMs);
  assert.equal(refuse(), 'relay far1: far-web01 refused with 403: no');
  // One that names ever more takes nothing from others.
  for (let n = 0; n < 3000; n += 1) refuse(two, `far-${n}`);
  assert.equal(refuse(), undefined);
  assert.equal(refuse(two, 'far-1'), undefined);
  assert.equal(refuse(two, 'far-2999'), 'relay far2: far-2999 refused with 403: no');
});

test('where many begin and end at once, one of each is named', async (t) => {
  const { desk } = await open(t);
  const answer = (status: number, ...hosts: readonly string[]) =>
    hosts.map((name) => ({ host: name, status, message: 'no' }));
  const first = desk.refusedHosts.note(one, answer(403, 'a', 'b', 'c'));
  assert.deepEqual(first, {
    warning: 'relay far1: a refused with 403: no; and 2 more',
    news: undefined,
  });
  // Output that is refused, and a fault of the same host that is taken: it is refused.
  const mixed = [...answer(403, 'a'), ...answer(204, 'a', 'b', 'c'), ...answer(413, 'd')];
  assert.deepEqual(desk.refusedHosts.note(one, mixed), {
    warning: 'relay far1: d refused with 413: no',
    news: 'relay far1: b is taken again, after 1 refusal; and 1 more',
  });
});
