/** A rollout as hosts meet it: a real receiver, and what it answers them. */

import assert from 'node:assert/strict';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { readAudit } from '../../../src/updates/repository/audit.ts';
import { readCounter } from '../../../src/updates/repository/counter.ts';
import { readHostTargets } from '../../../src/updates/repository/host-targets.ts';
import { readMoved } from '../../../src/updates/repository/moved-state.ts';
import { updatePlaces } from '../../../src/updates/repository/places.ts';
import { readPlan } from '../../../src/updates/repository/plan.ts';
import {
  type Rollout,
  readRolloutFile,
  type Stage,
  writeRolloutFile,
} from '../../../src/updates/repository/rollout-file.ts';
import { readSites } from '../../../src/updates/repository/sites.ts';
import { readSwitch } from '../../../src/updates/repository/switch.ts';
import { hold } from '../../../src/updates/rollout/moves.ts';
import { makeRollout } from '../../../src/updates/rollout/starting.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import type { UpdateClient } from '../update-client.ts';
import { startUpdateSite, type UpdateSite } from '../update-site.ts';
import { aStage } from './rollout-kit.ts';

const pack = Buffer.from('a package');
const hour = 3_600_000;

interface Started {
  readonly site: UpdateSite;
  readonly clock: FakeClock;
  readonly clients: readonly UpdateClient[];
}

/** Hosts web1, web2, … that have asked, and a rollout for all of them. */
async function start(
  t: Parameters<typeof startUpdateSite>[0],
  stages: readonly Stage[],
  hosts = 3,
): Promise<Started> {
  const clock = new FakeClock(Date.UTC(2026, 10, 28, 9));
  const site = await startUpdateSite(t, {}, clock);
  const clients: UpdateClient[] = [];
  for (let at = 1; at <= hosts; at += 1) {
    await site.publish(`web${at}`, pack);
    clients.push(await site.client(`web${at}`));
  }
  const targets = await readHostTargets(site.places.published);
  const actor = { env: {}, by: 'alice', clock };
  const rollout = makeRollout([...targets.keys()], targets, stages, actor);
  await writeRolloutFile(site.places, { rollout, removals: [] });
  return { site, clock, clients };
}

/** What the stamps of all hosts say. */
async function ask({ clients }: Started): Promise<readonly string[]> {
  const words: string[] = [];
  for (const client of clients) {
    const { text } = await client.check();
    words.push(/^decision (\S+)$/m.exec(text)?.[1] ?? text);
  }
  return words;
}

const canary = [
  aStage({ name: 'canary', hosts: ['web1'] }),
  aStage({ name: 'rest', soakSeconds: 0 }),
];

test('RO-4: stages open by themselves while hosts ask, and each step is in the audit log', async (t) => {
  const started = await start(t, canary);
  const { site, clock, clients } = started;
  assert.deepEqual(await ask(started), ['offer', 'hold', 'hold']);
  for (const client of clients) {
    client.standing = {
      state: 'installed',
      'installed-counter': '9',
      'installed-hash': 'ab'.repeat(8),
    };
  }
  assert.deepEqual(await ask(started), ['offer', 'hold', 'hold']);
  clock.advance(hour);
  assert.deepEqual(await ask(started), ['offer', 'offer', 'offer']);
  clock.advance(hour);
  await ask(started);
  const entries = (await readAudit(site.places)).filter(({ what }) => what === 'rollout');
  assert.deepEqual(
    entries.map(({ user, before, after }) => `${user}: ${before} → ${after}`),
    [
      'gates: stage 1 of 2 (canary) → stage 2 of 2 (rest); canary: 1 of 1 installed, 0 failed, 0 silent',
      'gates: stage 2 of 2 (rest) → done; rest: 2 of 2 installed, 0 failed, 0 silent',
    ],
  );
});

test('RO-4: a failure that is told holds the rollout before anybody else is offered anything', async (t) => {
  const started = await start(t, [aStage()]);
  const { site, clients } = started;
  assert.deepEqual(await ask(started), ['offer', 'offer', 'offer']);
  const [client] = clients;
  const failed = { state: 'returned', code: 'E-SELFTEST', error: 'a section is lost' };
  await client?.report(failed);
  if (client !== undefined) client.standing = failed;
  assert.deepEqual(await ask(started), ['hold', 'hold', 'hold']);
  const { rollout } = await readRolloutFile(site.places);
  const why = 'all: 1 of 3 hosts failed (33.33%, allowed are 2%)';
  assert.deepEqual(rollout?.hold, { since: '2026-11-28T09:00:00.000Z', by: 'gates', why });
});

test('RO-6: who has been offered something gets it no more once the rollout is on hold, and may still report', async (t) => {
  const started = await start(t, [aStage()]);
  const { site, clients } = started;
  const target = [...(await readHostTargets(site.places.published)).values()][0];
  const [client] = clients;
  assert.ok(client !== undefined && target !== undefined);
  assert.equal((await client.target(target.targetSha256)).status, 200);
  const { rollout } = await readRolloutFile(site.places);
  const held = rollout && hold(rollout, { by: 'alice', at: new Date(0).toISOString() }, 'wait');
  await writeRolloutFile(site.places, { rollout: held, removals: [] });
  assert.equal((await client.target(target.targetSha256)).status, 403);
  assert.equal((await client.package(target.packageSha256)).status, 403);
  assert.match(
    (await client.report({ state: 'installed', 'installed-counter': '1' })).text,
    /^say taken$/m,
  );
});

test('RO-6: a damaged rollout offers nothing to anybody', async (t) => {
  const started = await start(t, [aStage()], 1);
  const { rollout } = await readRolloutFile(started.site.places);
  const spoilt: Omit<Rollout, 'id'> | null = rollout;
  await writeFile(started.site.places.rollout, JSON.stringify({ rollout: { ...spoilt, id: 'x' } }));
  const [client] = started.clients;
  assert.equal((await client?.check())?.status, 503);
});

test('RO-6: a rollout that was cut off, wherever, offers nothing to anybody', async (t) => {
  const started = await start(t, [aStage({ name: 'nobody', hosts: [] }), aStage()], 1);
  const path = started.site.places.rollout;
  const text = await readFile(path, 'utf8');
  for (const length of [0, 1, text.length - 3]) {
    await writeFile(path, text.slice(0, length));
    const [client] = started.clients;
    assert.equal((await client?.check())?.status, 503, `${length}`);
  }
});

test('RO-6: no file of the state reads as if it had never been written once it is empty', async (t) => {
  const directory = await makeTempDir(t);
  const places = updatePlaces({}, directory);
  const { rollout, plan, published, switch: turned, counter, moved, sites } = places;
  const files = [rollout, plan, published, turned, counter, moved, sites];
  for (const path of files) await writeFile(path, '', { mode: 0o600 });
  const reading = [
    () => readRolloutFile(places),
    () => readPlan(places),
    () => readHostTargets(published),
    () => readSwitch(places),
    () => readCounter(places),
    () => readMoved(places),
    () => readSites(places),
  ];
  for (const [at, read] of reading.entries()) {
    await assert.rejects(read, { name: 'CourierError' }, files[at]);
  }
});

test('RO-4: setting the clock ends no soak, and makes none last for years', async (t) => {
  const started = await start(t, canary, 2);
  const { clock, clients } = started;
  const [client] = clients;
  assert.ok(client !== undefined);
  client.standing = { state: 'installed', 'installed-counter': '9' };
  assert.deepEqual(await ask(started), ['offer', 'hold']);
  clock.step(30 * 24 * hour);
  clock.advance(60_000);
  assert.deepEqual(await ask(started), ['offer', 'hold']);
  clock.step(-60 * 24 * hour);
  clock.advance(hour);
  assert.deepEqual(await ask(started), ['offer', 'offer']);
});

test('RO-4: a failure counts also while the clock is behind the moment its stage was opened', async (t) => {
  const started = await start(t, [aStage()]);
  const [client] = started.clients;
  assert.ok(client !== undefined);
  assert.deepEqual(await ask(started), ['offer', 'offer', 'offer']);
  started.clock.step(-hour);
  client.standing = { state: 'failed', code: 'E-SPACE', error: 'the disk is full' };
  assert.deepEqual(await ask(started), ['hold', 'hold', 'hold']);
});

test('RO-4: a hold that cannot be written down offers nothing to anybody until it can', async (t) => {
  const started = await start(t, [aStage()]);
  const { site, clients } = started;
  const [client] = clients;
  assert.ok(client !== undefined);
  assert.deepEqual(await ask(started), ['offer', 'offer', 'offer']);
  await mkdir(site.places.audit);
  client.standing = { state: 'returned', code: 'E-SELFTEST', error: 'a section is lost' };
  const statuses: number[] = [];
  for (const one of clients) statuses.push((await one.check()).status);
  assert.deepEqual(statuses, [503, 503, 503]);
  await rmdir(site.places.audit);
  assert.deepEqual(await ask(started), ['hold', 'hold', 'hold']);
});

test('RO-8: an updater is switched off only after somebody has confirmed it', async (t) => {
  const started = await start(t, [aStage()], 1);
  const { site } = started;
  const text = `web1 7 ${'ab'.repeat(32)} - - 20271128000000 remove-updater\n`;
  await writeFile(site.places.published, text, { mode: 0o600 });
  await writeRolloutFile(site.places, { rollout: null, removals: [] });
  assert.deepEqual(await ask(started), ['hold']);
  await writeRolloutFile(site.places, { rollout: null, removals: ['web1'] });
  assert.deepEqual(await ask(started), ['offer']);
});
