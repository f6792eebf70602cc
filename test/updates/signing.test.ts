/** `cmk-courier updates sign` and `publish`: here, on a machine without network, by several. */

import assert from 'node:assert/strict';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import './cheap-scrypt.ts';
import { assertDocument } from '../helpers/json-document.ts';
import {
  makeReadyServer,
  makeUpdateServer,
  plantKey,
  plantPlan,
  publishedTarget,
} from './server-kit.ts';

test('what is baked is signed under one new counter, and holds once it is published', async (t) => {
  const server = await makeReadyServer(t);
  const none = await server.runSigning('sign');
  assert.match(
    none.errors,
    /there is nothing to sign; `cmk-courier updates bake` first \(CONFIG\)\n$/,
  );
  await plantPlan(server, ['web01', 'web02']);
  assert.equal(
    await server.must('sign'),
    '2 targets with counter 1, 1 of 1 signatures\n`cmk-courier updates publish` lets them hold\n',
  );
  assert.equal(await publishedTarget(server, 'web01'), undefined);
  assertDocument('updates publish', (await server.run('publish', '--dry-run', '--json')).output);
  const dry = await server.run('publish', '--dry-run');
  assert.match(dry.output, /^would be published for 2 hosts: 2 added \(web01, web02\)\n/);
  assert.equal(await publishedTarget(server, 'web01'), undefined);
  const { output } = await server.run('publish');
  assert.match(
    output,
    /^published for 2 hosts: 2 added \(web01, web02\)\nthe master switch is off: /,
  );
  const target = await publishedTarget(server, 'web01');
  assert.deepEqual(
    [target?.audience, target?.counter, target?.expires],
    ['host:web01', 1, '20271128093000'],
  );
  assert.equal(await server.must('sign'), 'nothing to sign: all targets are as they should\n');
});

test('only hosts whose content changes get a new target, and hosts that have gone get none', async (t) => {
  const server = await makeReadyServer(t);
  await plantPlan(server, ['web01', 'web02']);
  await server.must('sign');
  await server.run('publish');
  await plantPlan(server, ['web01', 'web03']);
  assert.match(await server.must('sign'), /^1 target with counter 2, /);
  const { output } = await server.run('publish');
  assert.match(output, /^published for 2 hosts: 1 added \(web03\), 1 taken away \(web02\)\n/);
  assert.equal((await publishedTarget(server, 'web01'))?.counter, 1);
  server.clock.advance(183 * 86_400_000);
  assert.match(await server.must('sign'), /^2 targets with counter 3, /);
  const old = new Date(server.clock.now() - 8 * 86_400_000);
  const { targets } = server.places;
  for (const name of await readdir(targets)) await utimes(join(targets, name), old, old);
  await server.run('publish');
  assert.equal((await readdir(targets)).length, 2);
});

test('KM-2: a batch is signed on a machine that has nothing but the key', async (t) => {
  const server = await makeReadyServer(t);
  const offline = await makeUpdateServer(t);
  await plantPlan(server, ['web01']);
  const path = (name: string) => join(server.places.directory, '..', name);
  await writeFile(join(server.places.keys, 'main.key.away'), '');
  const exported = await server.run('sign', `--export=${path('batch')}`);
  assert.match(
    exported.output,
    /^1 target, batch [0-9a-f]{16}, in .*\n`cmk-courier updates sign --batch=/,
  );
  await plantKey(offline, 'main', 'root1');
  const signed = await offline.must(
    'sign',
    `--batch=${path('batch')}`,
    `--output=${path('signed')}`,
  );
  assert.match(
    signed,
    /^batch [0-9a-f]{64}: 1 target, counter 1, until 2027-11-28\n {2}install 2\.3\.0p34 \(linux-tgz, hash [0-9a-f]{16}\): web01\n/,
  );
  assert.deepEqual(await readdir(offline.places.directory), ['keys']);
  const { output } = await server.run('sign', `--import=${path('signed')}`);
  assert.match(output, /^1 target with counter 1, 1 of 1 signatures\n/);
  await server.run('publish');
  assert.equal((await publishedTarget(server, 'web01'))?.counter, 1);
});

test('KM-2: a batch that says something else than what was exported is refused', async (t) => {
  const server = await makeReadyServer(t);
  await plantPlan(server, ['web01']);
  const path = (name: string) => join(server.places.directory, '..', name);
  await server.run('sign', `--export=${path('batch')}`);
  const other = (await readFile(path('batch'), 'latin1')).replace('host:web01', 'host:web02');
  await writeFile(path('other'), other);
  const changed = await server.run('sign', `--import=${path('other')}`);
  assert.match(changed.errors, /other: a batch that was cut short or changed \(MALFORMED\)\n$/);
  const foreign = await makeReadyServer(t);
  await plantPlan(foreign, ['web02']);
  await foreign.run('sign', `--export=${path('foreign')}`);
  await server.must('sign', `--batch=${path('foreign')}`, `--output=${path('signed')}`);
  const stray = await server.run('sign', `--import=${path('signed')}`);
  assert.match(
    stray.errors,
    /this batch was not made here, or is done with: [0-9a-f]{64} \(REFUSED\)\n$/,
  );
  const unsigned = await server.run('sign', `--import=${path('batch')}`);
  assert.match(unsigned.output, /^1 target with counter 1, 0 of 1 signatures\n/);
  assert.match((await server.run('publish')).errors, /nothing is signed; /);
});

test('KM-1: a wrong passphrase signs nothing and says no more than that', async (t) => {
  const server = await makeReadyServer(t);
  await plantPlan(server, ['web01']);
  await writeFile(server.passphraseFile, 'a wrong one, but long enough\n');
  const { code, errors } = await server.runSigning('sign');
  assert.equal(code, 7);
  assert.equal(
    errors,
    'cmk-courier: updates sign: the key main: the passphrase is wrong, or the file was changed (REFUSED)\n',
  );
  assert.equal((await server.run('publish')).code, 3);
});
