import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Dispatcher } from '../../src/collector/dispatcher.ts';
import { Entry } from '../../src/collector/entry.ts';
import { type Candidate, Lanes } from '../../src/collector/lanes.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { makeRoute } from './routes.ts';

function makeEntry(name: string, dueMs: number, peer?: string): Entry {
  const target = { host: parseHostName(name), address: undefined };
  return new Entry(
    {
      target,
      tags: [],
      isAsked: false,
      isToRenew: false,
      route: makeRoute(),
      peers: peer === undefined ? [] : [peer],
      everyMs: 60_000,
    },
    dueMs,
  );
}

/** Cycles that last until they are told to end. */
function makeDispatcher(concurrency: number, perPeer = concurrency) {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const dispatcher = new Dispatcher(new Lanes({ concurrency, perPeer }), async (entry) => {
    const { host } = entry.target;
    started.push(host);
    const ended = Promise.withResolvers<void>();
    ends.set(host, ended.resolve);
    await ended.promise;
    entry.planFor(entry.dueMs + entry.routed.everyMs);
  });
  const end = async (host: string) => {
    ends.get(host)?.();
    await setImmediate();
  };
  return { dispatcher, started, end };
}

test('those who are due get their turn, the longest waiting first', () => {
  const { dispatcher, started } = makeDispatcher(10);
  dispatcher.dispatch(
    [makeEntry('c', 30), makeEntry('a', 10), makeEntry('d', 41), makeEntry('b', 20)],
    40,
  );
  assert.deepEqual(started, ['a', 'b', 'c']);
});

test('a host is asked once at a time, however long it takes', async () => {
  const { dispatcher, started, end } = makeDispatcher(10);
  const entry = makeEntry('a', 0);
  dispatcher.dispatch([entry], 0);
  dispatcher.dispatch([entry], 100_000);
  assert.deepEqual(started, ['a']);
  await end('a');
  dispatcher.dispatch([entry], 100_000);
  assert.deepEqual(started, ['a', 'a']);
});

test('who finds no place gets the next that is free, at once', async () => {
  const { dispatcher, started, end } = makeDispatcher(2);
  dispatcher.dispatch(
    ['a', 'b', 'c', 'd'].map((name, n) => makeEntry(name, n)),
    10,
  );
  assert.deepEqual(started, ['a', 'b']);
  await end('b');
  assert.deepEqual(started, ['a', 'b', 'c']);
  await end('a');
  assert.deepEqual(started, ['a', 'b', 'c', 'd']);
});

test('who waits for a busy peer keeps nobody else waiting', async () => {
  const { dispatcher, started, end } = makeDispatcher(10, 1);
  dispatcher.dispatch(
    [makeEntry('a', 0, 'https://depot'), makeEntry('b', 1, 'https://depot'), makeEntry('c', 2)],
    10,
  );
  assert.deepEqual(started, ['a', 'c']);
  await end('a');
  assert.deepEqual(started, ['a', 'c', 'b']);
});

test('draining waits for what runs and starts nothing more', async () => {
  const { dispatcher, started, end } = makeDispatcher(1);
  dispatcher.dispatch([makeEntry('a', 0), makeEntry('b', 1)], 10);
  let isDrained = false;
  const drained = dispatcher.drain().then(() => {
    isDrained = true;
  });
  await setImmediate();
  assert.equal(isDrained, false);
  await end('a');
  await drained;
  assert.deepEqual(started, ['a']);
});

test('each end looks at who comes next, not at all who wait', async () => {
  let looks = 0;
  class CountingLanes extends Lanes {
    override enter(candidate: Candidate) {
      looks += 1;
      return super.enter(candidate);
    }
  }
  const hosts = 1000;
  let ended = 0;
  const lanes = new CountingLanes({ concurrency: 10, perPeer: 2 });
  const dispatcher = new Dispatcher(lanes, async (entry) => {
    await setImmediate();
    entry.planFor(entry.dueMs + entry.routed.everyMs);
    ended += 1;
  });
  const all = Array.from({ length: hosts }, (_, n) => makeEntry(`h${n}`, n, 'https://depot'));
  dispatcher.dispatch(all, hosts);
  while (ended < hosts) await setImmediate();
  await dispatcher.drain();
  assert.ok(looks < 3 * hosts, `${looks} looks`);
});

test('a host that is another’s is not started when it is urged, but is due when it becomes ours', () => {
  const started: string[] = [];
  let isOurs = false;
  const dispatcher = new Dispatcher(
    new Lanes({ concurrency: 1, perPeer: 1 }),
    async ({ target }) => {
      started.push(target.host);
    },
    () => undefined,
    () => isOurs,
  );
  const entry = makeEntry('a', 60_000);
  assert.equal(dispatcher.urge(entry), false);
  dispatcher.dispatch([entry], 1);
  assert.deepEqual(started, []);
  isOurs = true;
  dispatcher.dispatch([entry], 1);
  assert.deepEqual(started, ['a']);
});
