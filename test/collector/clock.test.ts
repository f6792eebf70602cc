/** What becomes of the site when the clock of its collector is set (libfaketime). */

import assert from 'node:assert/strict';
import { globSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeOutput, makeSite } from './running-collector.ts';

const timeout = 120_000;
const skip = skipWithout('faketime');
const hour = 3600;

/** The clock may be an hour off without making output too old, or one from the future. */
const routes = `
defaults: { maxAge: 3h, maxSkew: 3h, deadline: 1s, every: 1s }
routes: [{ hosts: web01, sources: 'DROPS/{host}' }]
`;

/** A site with a collector whose clock can be set while it runs. */
async function startSite(t: TestContext, seconds: number) {
  const site = await makeSite(t);
  const offset = join(site.root, 'offset');
  const [library = ''] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
  const setClock = (by: number) => writeFileSync(offset, `${by < 0 ? '' : '+'}${by}`);
  const start = () =>
    site.start({
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: offset,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    });
  const drop = () => {
    const text = makeOutput('web01');
    site.drop('web01', text);
    return text;
  };
  /** When what is ready expires by its time, in seconds from now. */
  const expiresIn = () => {
    const stats = statSync(join(site.ready, 'web01'), { throwIfNoEntry: false });
    return stats === undefined ? 0 : (stats.mtimeMs - Date.now()) / 1000;
  };
  setClock(seconds);
  site.writeRoutes(routes.replaceAll('DROPS', join(site.root, 'drops')));
  drop();
  await start();
  return { site, setClock, drop, expiresIn };
}

test('with a clock set forward the newest is served, and nothing for long when it is dead', {
  timeout,
  skip,
}, async (t) => {
  const { site, setClock, drop, expiresIn } = await startSite(t, 0);
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
  setClock(hour);
  await site.until(() => expiresIn() > hour / 2);
  const newer = drop();
  await site.until(() => site.ask('web01').stdout === newer);
  await site.end('SIGKILL');
  drop();
  // For a cycle, its deadline, and ten seconds; by the time of the file it would be an hour.
  while (site.ask('web01').stdout === newer) await sleep(100);
  assert.equal(site.ask('web01').stdout, 'FALLBACK\n');
  assert.ok(expiresIn() > hour / 2);
});

test('with a clock set back the site fetches by itself, until the clock is right again', {
  timeout,
  skip,
}, async (t) => {
  const { site, setClock, drop, expiresIn } = await startSite(t, 0);
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
  setClock(-hour);
  await site.until(() => expiresIn() < -hour / 2);
  assert.equal(site.ask('web01').stdout, 'FALLBACK\n');
  setClock(0);
  const newer = drop();
  await site.until(() => site.ask('web01').stdout === newer);
});
