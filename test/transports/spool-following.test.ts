/** How a spool is followed where its directories come and go, and where the system watches no more. */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Clock, systemClock } from '../../src/clock.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { writeHost } from '../../src/relay/records.ts';
import { shardOf } from '../../src/spool/names.ts';
import type { Spool } from '../../src/spool/spool.ts';
import { parseSourceUri } from '../../src/transports/source.ts';
import { spool } from '../../src/transports/spool/spool.ts';
import { type SubscriptionNews, withTransport } from '../../src/transports/transport.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { makeNewOutput, openSpool } from '../spool/spools.ts';

const host = parseHostName('web1');

/** Follows web1 until the test ends. */
async function follow(t: TestContext, directory: string, clock: Clock = systemClock) {
  const context = makeOpenContext({ clock });
  const source = { uri: parseSourceUri(`spool://${directory}`), options: {} };
  const [outputs, news]: [string[], SubscriptionNews[]] = [[], []];
  const ended = new AbortController();
  const following = withTransport(spool, source, context, async (transport) =>
    transport.subscribe?.(
      {
        wanted: new Map([[host, { host, address: undefined }]]),
        deliver: async (_target, arrival) => {
          outputs.push(arrival instanceof CourierError ? arrival.code : arrival.output.toString());
        },
        tell: (one) => void news.push(one),
      },
      ended.signal,
    ),
  );
  t.after(async () => {
    ended.abort(new CourierError('INTERRUPTED', 'the test ends'));
    await following;
  });
  await waitUntil(() => news.length > 0);
  return { outputs, news, log: context.log };
}

/** Ends no pause by itself. */
const stillClock: Clock = {
  ...systemClock,
  monotonic: () => 0,
  sleep: (_delayMs, signal) => systemClock.sleep(1e8, signal),
};

async function put(writer: Spool, text: string, seconds: number): Promise<void> {
  await writer.put(makeNewOutput(host, text, seconds));
}

test('the system tells what is put, and what a writer removes is nothing new', async (t) => {
  const { spool: writer, directory } = await openSpool(t);
  const { outputs, news } = await follow(t, directory, stillClock);
  for (const text of ['1', '2', '3', '4']) {
    await put(writer, text, Number(text));
    await waitUntil(() => outputs.at(-1) === text);
  }
  await writer.put(makeNewOutput('web2', 'of another', 5));
  await put(writer, '5', 5);
  await waitUntil(() => outputs.at(-1) === '5');
  assert.deepEqual(outputs, ['1', '2', '3', '4', '5']);
  assert.deepEqual(news, ['following']);
});

test('a fault that a relay tells is handed over at once, as often as it is told', async (t) => {
  const { spool: writer, directory } = await openSpool(t);
  const { outputs, news } = await follow(t, directory, stillClock);
  const about = { host, relay: 'token-1', relayName: 'far1' };
  const line = 'tcp: web1: connecting to web1:6556: connection refused';
  let toldMs = 0;
  const tell = async (): Promise<void> => {
    const nowMs = Date.now();
    toldMs = nowMs;
    const fault = { code: 'UNREACHABLE', line, atMs: nowMs, toldAtMs: nowMs } as const;
    await writeHost(directory, host, { ...about, fault: { ...fault, untilMs: nowMs + 60_000 } });
  };
  // The first of all makes the directories in which records lie.
  await tell();
  await waitUntil(async () => {
    if (outputs.length === 0) await tell();
    return outputs.length > 0;
  });
  const { length } = outputs;
  await tell();
  await waitUntil(() => outputs.length > length);
  const putNow = async (text: string): Promise<void> => {
    const now = new Date();
    await writer.put({ ...makeNewOutput(host, text), producedAt: now, receivedAt: now });
  };
  await waitUntil(() => Date.now() > toldMs);
  await putNow('good again');
  await waitUntil(() => outputs.at(-1) === 'good again');
  // That it is well is no news beside its output; of another host nothing is.
  const count = outputs.length;
  await writeHost(directory, host, about);
  await writeHost(directory, parseHostName('web2'), { ...about, host: 'web2' });
  await putNow('the last');
  await waitUntil(() => outputs.at(-1) === 'the last');
  assert.deepEqual(outputs.slice(count), ['the last']);
  assert.deepEqual(new Set(outputs.slice(0, count)), new Set(['UNREACHABLE', 'good again']));
  assert.deepEqual(news, ['following']);
});

test('a directory of the spool that is made anew is watched again', async (t) => {
  const { directory } = await openSpool(t);
  const { outputs } = await follow(t, directory, stillClock);
  for (const text of ['1', '2']) {
    await rm(join(directory, shardOf(host)), { recursive: true });
    await mkdir(join(directory, shardOf(host)), { mode: 0o700 });
    const { spool: writer } = await openSpool(t, { directory });
    await put(writer, text, Number(text));
    await waitUntil(() => outputs.at(-1) === text);
  }
  assert.deepEqual(outputs, ['1', '2']);
});

test('a spool that is away is told, and what comes when it is back is handed over', async (t) => {
  const { spool: writer, directory } = await openSpool(t);
  await put(writer, 'before', 1);
  const { outputs, news } = await follow(t, directory);
  await rename(directory, `${directory}.away`);
  await waitUntil(() => news.length > 1);
  const [, fault] = news;
  assert.ok(fault instanceof CourierError);
  assert.equal(fault.code, 'LOCAL');
  assert.equal(fault.message, `following the spool ${directory}: no such file or directory`);
  await rename(`${directory}.away`, directory);
  await waitUntil(() => news.at(-1) === 'following');
  await put(writer, 'after', 2);
  await waitUntil(() => outputs.at(-1) === 'after');
  assert.deepEqual(outputs, ['before', 'after']);
});

/** Seconds pass in the time of a few milliseconds. */
const hastyClock: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * 100,
  sleep: (delayMs, signal) => systemClock.sleep(delayMs / 100, signal),
};

function replaceWatch(t: TestContext, instead: () => unknown): void {
  t.mock.method(fs, 'watch', instead);
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

test('where the system watches no more, names are read, which is told once', async (t) => {
  const { spool: writer, directory } = await openSpool(t);
  replaceWatch(t, () => {
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'watch' });
  });
  const { outputs, log } = await follow(t, directory, hastyClock);
  for (const text of ['1', '2']) {
    await put(writer, text, Number(text));
    await waitUntil(() => outputs.at(-1) === text);
  }
  const limits = 'fs.inotify.max_user_watches and max_user_instances';
  const why = `the system does not watch ${directory} (ENOSPC; see ${limits})`;
  assert.deepEqual(log.lines, [`warn ${why}: its names are read each second instead {}`]);
});

test('what the system does not tell is found when names are read', async (t) => {
  const { spool: writer, directory } = await openSpool(t);
  replaceWatch(t, () => Object.assign(new EventEmitter(), { close: () => undefined }));
  const { outputs } = await follow(t, directory, hastyClock);
  await put(writer, '1', 1);
  await waitUntil(() => outputs.at(-1) === '1');
  // What is put after all is removed is newer, whenever it was produced.
  await writer.remove(host);
  await put(writer, 'anew', 0);
  await waitUntil(() => outputs.at(-1) === 'anew');
  assert.deepEqual(outputs, ['1', 'anew']);
});
