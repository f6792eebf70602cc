/** What a process does for a page in another one. */

import assert from 'node:assert/strict';
import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { RemoteFeed } from '../../src/status-page/feeds/remote-feed.ts';
import { statusPageOptions, toPageSettings } from '../../src/status-page/options.ts';
import { historyPath, Presence } from '../../src/status-page/presence.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { fewRows, ListFeed } from './running-page.ts';

/** A process without a page, which listens for one. */
async function startPresence(t: TestContext, directory: string) {
  const seen = { loaded: 0, remembering: 0 };
  const load = async () => {
    seen.loaded += 1;
    const remember = async () => {
      seen.remembering += 1;
    };
    return { feed: new ListFeed(fewRows), remember };
  };
  const sockets = await makeTempDir(t);
  const options = { statusState: [directory], statusSockets: [sockets] };
  const settings = toPageSettings('collector', parseOptions(statusPageOptions, options), {});
  const context = { ...makeCommandContext(), clock: systemClock };
  const presence = new Presence(settings, load, context, []);
  presence.start();
  t.after(() => presence.stop());
  const socket = join(sockets, 'collector-page.sock');
  const feed = new RemoteFeed('collector', socket, systemClock);
  const ask = () => feed.part(new AbortController().signal);
  const listens = () =>
    stat(socket).then(
      () => true,
      () => false,
    );
  return { seen, ask, listens };
}

test('a process remembers its day from when a page elsewhere asks it, and loads nothing before', async (t) => {
  const { seen, ask, listens } = await startPresence(t, join(await makeTempDir(t), 'state'));
  await waitUntil(listens);
  assert.deepEqual(seen, { loaded: 0, remembering: 0 });
  await waitUntil(async () => (await ask()).state === 'well');
  await waitUntil(() => seen.remembering === 1);
  assert.equal((await ask()).state, 'well');
  assert.deepEqual(seen, { loaded: 1, remembering: 1 });
});

test('it goes on remembering when it is started again, unless the day is over', async (t) => {
  const directory = join(await makeTempDir(t), 'state');
  await mkdir(directory, { mode: 0o700 });
  await writeFile(historyPath(directory, 'collector'), '');
  const again = await startPresence(t, directory);
  await waitUntil(() => again.seen.remembering === 1);
  const before = (Date.now() - 25 * 3_600_000) / 1000;
  await utimes(historyPath(directory, 'collector'), before, before);
  const late = await startPresence(t, directory);
  await waitUntil(late.listens);
  assert.equal(late.seen.loaded, 0);
  await waitUntil(async () => (await late.ask()).state === 'well');
  assert.equal(late.seen.loaded, 1);
});
