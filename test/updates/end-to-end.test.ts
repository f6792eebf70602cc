import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { skipWithout } from '../helpers/required-peer.ts';
import { start } from '../helpers/run-program.ts';
import {
  saying,
  startWholeSite,
  steal,
  toHost,
  type WholeHost,
  type WholeSite,
} from './whole-site.ts';

const skip = skipWithout('openssl') || skipWithout('curl');

const isLong = process.env['COURIER_TEST_LONG'] !== undefined;
const skipShort = isLong ? skip : 'one of the scenarios of `npm run test:long`';

/** What the plug-in said, and the error that the updater tells. */
async function look(host: WholeHost) {
  const output = await host.fetch();
  const json = /^<<<cmk_update_agent_status:sep\(0\)>>>\n(\{.*\})$/m.exec(output)?.[1] ?? '{}';
  const { aghash, error } = JSON.parse(json);
  const word = /^<<<word>>>\n(.*)$/m.exec(output)?.[1];
  return { output, word, error, aghash };
}

const nothingYet = {
  state: 'unregistered',
  decision: 'offer',
  target: 1,
  installed: undefined,
  rootVersion: null,
  code: null,
};
const installed = { ...nothingYet, state: 'installed', installed: 1, rootVersion: 1 };

/** A site that has published `one`, and web01, which has installed it. */
async function startWithOne(t: TestContext) {
  const site = await startWholeSite(t);
  site.wish(saying('one'));
  await site.release();
  await site.tell('on');
  assert.deepEqual(await site.status('web01'), nothingYet);
  const host = await site.host('web01');
  assert.deepEqual(await site.status('web01'), installed);
  return { site, host };
}

test('ST-1: from nothing to a rolled-out change through the programs alone, and off again', {
  skip: skipShort,
  timeout: 120_000,
}, async (t) => {
  const { site, host } = await startWithOne(t);
  assert.equal((await look(host)).word, 'one');
  site.wish(saying('two'));
  await site.release();
  assert.deepEqual(await site.status('web01'), { ...installed, target: 2 });
  assert.equal((await host.run('update')).code, 0);
  assert.deepEqual(await site.status('web01'), { ...installed, target: 2, installed: 2 });
  const { aghash, error, word } = await look(host);
  assert.deepEqual([word, error], ['two', null]);
  assert.equal(aghash, readFileSync(join(host.base, 'current'), 'utf8').trim());

  await site.tell('off');
  assert.equal((await host.run('update')).code, 9);
  const off = await look(host);
  assert.equal(off.word, 'two');
  assert.match(off.error, /deployment is currently globally disabled/);
});

test('KM-5: what a stolen key signs is believed before it is revoked, and refused after', {
  skip: skipShort,
  timeout: 120_000,
}, async (t) => {
  const { site, host } = await startWithOne(t);
  const thief = steal(site);
  await thief.plant('evil');
  assert.equal((await host.run('update')).code, 0);
  assert.equal((await look(host)).word, 'evil');

  await site.updates('keys', 'revoke', 'main', '--replacement=second');
  await thief.plant('worse');
  const { code, stderr } = await host.run('update');
  assert.notEqual(code, 0);
  assert.match(stderr, /E-SIGNATURE/);
  assert.equal((await look(host)).word, 'evil');
  assert.equal((await site.status('web01')).code, 'E-SIGNATURE');

  site.wish(saying('good again'));
  await site.release();
  const cured = await host.run('update');
  assert.equal(cured.code, 0, cured.stderr);
  const { error, word } = await look(host);
  assert.deepEqual([word, error], ['good again', null]);
});

test('KM-4: a key is rotated without touching a host', {
  skip: skipShort,
  timeout: 120_000,
}, async (t) => {
  const { site, host } = await startWithOne(t);
  const update = async () => assert.equal((await host.run('update')).code, 0);
  await site.updates('keys', 'rotate', 'main', 'second');
  assert.match(await site.updates('keys', 'rotate', 'main', 'second'), /^main is still needed: /);
  await site.updates('sign', '--all');
  await site.tell('publish');
  await update();
  assert.equal((await site.status('web01')).rootVersion, 2);
  await site.updates('keys', 'rotate', 'main', 'second');
  site.wish(saying('two'));
  await site.release();
  await update();
  const row = await site.status('web01');
  assert.deepEqual([row.rootVersion, row.installed, row.code], [3, 3, null]);
  assert.equal((await look(host)).word, 'two');
});

/** web01, on which nothing is but the two scripts and a token, in files. */
async function makeBareHost(site: WholeSite) {
  const place = join(site.directory, 'bare');
  const programs = join(place, 'bin');
  mkdirSync(programs, { recursive: true });
  for (const name of ['courier-update', 'courier-launch']) {
    cpSync(`agents/host/${name}`, join(place, name));
  }
  const token = join(place, 'token');
  writeFileSync(token, await site.tell('register-token', 'web01'), { mode: 0o600 });
  const base = join(place, 'opt');
  const updater = (...words: readonly string[]) =>
    start('sh', [join(place, 'courier-update'), ...words, `--base=${base}`]).ended;
  const register = (digest: string) =>
    updater(
      'register',
      '--host=web01',
      `--server=${site.url}`,
      `--root-sha256=${digest}`,
      `--token-file=${token}`,
      '--insecure',
    );
  return { base, programs, register, install: () => updater('install', `--programs=${programs}`) };
}

/** Registers and installs it with the updater alone; another root than the one it was told of is not believed. */
async function installAlone(site: WholeSite): Promise<WholeHost> {
  const root = readFileSync(join(site.directory, 'updates/roots/1.root'));
  const { base, install, programs, register } = await makeBareHost(site);
  const wrong = await register('0'.repeat(64));
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /E-FINGERPRINT no root of/);
  assert.equal((await site.status('web01')).state, 'unregistered');
  const right = await register(createHash('sha256').update(root).digest('hex'));
  assert.equal(right.code, 0, right.stderr);
  const ended = await install();
  assert.equal(ended.code, 0, ended.stderr);
  return toHost('web01', base, programs);
}

test('AU-2, IN-6, IN-8, ST-6: the updater alone installs the agent; a release that breaks goes back by itself and says so, and the one before, published anew, heals it', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const site = await startWholeSite(t);
  site.wish(saying('one'));
  await site.release();
  await site.tell('on');
  const host = await installAlone(site);
  assert.equal((await look(host)).word, 'one');
  const before = readFileSync(join(host.base, 'current'), 'utf8').trim();
  writeFileSync(join(site.directory, 'broken'), '#!/bin/sh\nexit 1\n');
  site.wish({ ...saying('two'), agent: './broken' });
  await site.release();
  const { code, stderr } = await host.run('update');
  assert.equal(code, 8);
  assert.match(stderr, /E-SELFTEST/);
  const back = await look(host);
  assert.deepEqual([back.word, back.aghash], ['one', before]);
  assert.match(back.error, /E-SELFTEST/);
  assert.match(back.output, /^UpdateFailed: .+\nUpdateRecoverAction: .+$/m);
  const broken = await site.status('web01');
  assert.deepEqual([broken.target, broken.installed, broken.code], [2, 1, 'E-SELFTEST']);

  site.wish(saying('one'));
  await site.release();
  assert.equal((await host.run('update')).code, 0);
  assert.deepEqual(await site.status('web01'), {
    ...installed,
    state: 'idle',
    target: 3,
    installed: 3,
  });
  const mended = await look(host);
  assert.deepEqual([mended.word, mended.aghash, mended.error], ['one', before, null]);
  assert.doesNotMatch(mended.output, /UpdateFailed/);
});
