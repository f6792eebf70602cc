import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readHostList } from '../../src/collector/host-list.ts';
import { KnownHosts } from '../../src/collector/known-hosts.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { noteAsked } from '../../src/ready/asked.ts';
import type { Routes } from '../../src/routes/route.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { makeRoute } from './routes.ts';

/** A directory with a host list and notes of what the site asked for. */
async function makeKnown(t: TestContext) {
  const root = await makeTempDir(t);
  const asked = join(root, 'asked');
  const hostList = join(root, 'hosts.txt');
  mkdirSync(asked);
  writeFileSync(hostList, '');
  const clock = new FakeClock();
  const known = new KnownHosts(asked, clock);
  const route = makeRoute(['named', 'web*']);
  const quiet = makeRoute(['quiet'], 'https://depot/{host}', { everyMs: undefined });
  const collector = { concurrency: 1, perPeer: 1, hostList };
  const routes: Routes = { path: '/r.yaml', routes: [route, quiet], collector };
  const note = (name: string, address?: string, tags: readonly string[] = []) => {
    const host = parseHostName(name);
    noteAsked(asked, { host, address, tags }, clock, makeCollectingLog());
    const at = clock.now() / 1000;
    utimesSync(join(asked, name), at, at);
  };
  const list = (text: string) => writeFileSync(hostList, text);
  return { asked, hostList, clock, known, routes, note, list };
}

test('a list has a host a line, with its address and tags', async (t) => {
  const { hostList, list } = await makeKnown(t);
  list('# all of them\nweb1 192.0.2.1 prod linux # the first\n\n  web2\t-\tprod\nweb3\r\n');
  assert.deepEqual(
    readHostList(hostList).map(({ host, address, tags }) => [host, address, ...tags]),
    [
      ['web1', '192.0.2.1', 'prod', 'linux'],
      ['web2', undefined, 'prod'],
      ['web3', undefined],
    ],
  );
});

test('a mistake in a list is told with its line', async (t) => {
  const { hostList, list } = await makeKnown(t);
  for (const line of ['../web2', 'web2 not/an/address', 'web 2!']) {
    list(`web1\n${line}\n`);
    const fault = catchThrown(() => readHostList(hostList));
    assert.ok(fault instanceof CourierError && fault.code === 'CONFIG');
    assert.equal(fault.message, `${hostList}:2: "${line}": a line is NAME ADDRESS TAG…`);
  }
});

test('hosts come from routes, the site and the list, and the list has the last word', async (t) => {
  const { known, routes, note, list } = await makeKnown(t);
  note('web1', '192.0.2.1', ['prod']);
  note('named', '192.0.2.9');
  list('web1 198.51.100.1\nweb2\n');
  const hosts = [...known.gather(routes).values()];
  assert.deepEqual(
    hosts.map(({ host, address, tags, isAsked }) => [host, address, isAsked, ...tags]),
    [
      ['named', '192.0.2.9', true],
      ['web1', '198.51.100.1', false],
      ['web2', undefined, false],
    ],
  );
});

test('news are what the site asked for, and changes of the list', async (t) => {
  const { known, routes, note, list } = await makeKnown(t);
  known.gather(routes);
  assert.equal(known.hasNews(routes), false);
  note('web1', '192.0.2.1');
  assert.equal(known.hasNews(routes), true);
  known.gather(routes);
  assert.equal(known.hasNews(routes), false);
  list('web2\n');
  assert.equal(known.hasNews(routes), true);
});

const hourMs = 3_600_000;

test('after four to five hours the site is to ask for a host again, which stays meanwhile', async (t) => {
  const { clock, known, routes, note } = await makeKnown(t);
  note('web1', '192.0.2.1');
  const isToRenew = () => known.gather(routes).get(parseHostName('web1'))?.isToRenew;
  assert.equal(isToRenew(), false);
  clock.advance(4 * hourMs - 1000);
  assert.deepEqual([known.hasNews(routes), isToRenew()], [false, false]);
  const minutes = untilNews(known, routes, clock);
  assert.ok(minutes <= 61, `${minutes}`);
  assert.equal(isToRenew(), true);
  note('web1', '192.0.2.2');
  assert.deepEqual([known.hasNews(routes), isToRenew()], [true, false]);
});

test('a host the site does not ask for again in half an hour is gone', async (t) => {
  const { asked, clock, known, routes, note } = await makeKnown(t);
  note('web1', '192.0.2.1');
  known.gather(routes);
  untilNews(known, routes, clock);
  assert.equal(known.gather(routes).has(parseHostName('web1')), true);
  assert.equal(untilNews(known, routes, clock), 30);
  assert.equal(known.gather(routes).has(parseHostName('web1')), false);
  assert.deepEqual(readdirSync(asked), []);
});

/** Lets minutes pass until there are news; says how many. */
function untilNews(known: KnownHosts, routes: Routes, clock: FakeClock): number {
  let minutes = 0;
  while (!known.hasNews(routes)) {
    clock.advance(60_000);
    minutes += 1;
  }
  return minutes;
}

test('ten thousand hosts learned at once are renewed over an hour, some minutes each', async (t) => {
  const { asked, clock, known, routes } = await makeKnown(t);
  const at = clock.now() / 1000;
  for (let n = 0; n < 10_000; n += 1) {
    writeFileSync(join(asked, `web${n}`), '192.0.2.1\n');
    utimesSync(join(asked, `web${n}`), at, at);
  }
  known.gather(routes);
  clock.advance(4 * hourMs);
  let before = 0;
  for (let minute = 1; minute <= 60; minute += 1) {
    clock.advance(60_000);
    const due = [...known.previous(routes).values()].filter(({ isToRenew }) => isToRenew).length;
    assert.ok(due - before < 500, `${due - before} in minute ${minute}`);
    before = due;
  }
  assert.equal(before, 10_000);
});

test('a clock that is set ages no host', async (t) => {
  const { clock, known, routes, note } = await makeKnown(t);
  note('web1', '192.0.2.1');
  known.gather(routes);
  clock.step(100 * hourMs);
  assert.equal(known.hasNews(routes), false);
  assert.equal(known.gather(routes).get(parseHostName('web1'))?.isToRenew, false);
});

test('a list that cannot be read changes nothing', async (t) => {
  const { known, routes, list } = await makeKnown(t);
  list('web1\n');
  known.gather(routes);
  list('web1\nweb 2!\n');
  assert.ok(catchThrown(() => known.gather(routes)) instanceof CourierError);
  assert.deepEqual([...known.previous(routes).keys()], ['named', 'web1']);
});
