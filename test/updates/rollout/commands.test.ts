/** Stages from updates.yaml to what an administrator sees and does. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import '../cheap-scrypt.ts';
import { readAudit } from '../../../src/updates/repository/audit.ts';
import { readPlan } from '../../../src/updates/repository/plan.ts';
import { readRolloutFile } from '../../../src/updates/repository/rollout-file.ts';
import { assertDocument } from '../../helpers/json-document.ts';
import { makeReadyServer, plantHost, publishedTarget, type UpdateServer } from '../server-kit.ts';

const hosts =
  'web01 - prod /servers/web @central\nweb02 - prod /servers/web\ndb01 - test /servers/db\n';
const stages = [
  { name: 'canary', folders: '/servers/web', hosts: '!web02', soak: '1h', successes: 1 },
  { name: 'everybody', soak: '0s', failures: '0%' },
];

interface Wish {
  readonly rules?: readonly object[];
  readonly stages?: readonly object[] | undefined;
}

/** Writes updates.yaml, bakes and signs it. */
async function prepare(server: UpdateServer, word: string, wish: Wish = {}): Promise<string> {
  const inside = (name: string) => join(server.places.directory, '..', name);
  await writeFile(inside('hosts.txt'), hosts, { mode: 0o600 });
  const plugins = { word: { content: `#!/bin/sh\necho '<<<${word}>>>'\n` } };
  const rules = [...(wish.rules ?? []), { agent: 'courier-agent', plugins }];
  const file = { hostList: 'hosts.txt', stages, ...wish, rules };
  await writeFile(inside('updates.yaml'), JSON.stringify(file), { mode: 0o600 });
  const said = await server.run('bake', `--updates=${inside('updates.yaml')}`);
  assert.equal(said.code, 0, said.errors);
  await server.must('sign');
  return said.output;
}

const withoutId = (text: string) => text.replace(/rollout [0-9a-f]{8}/, 'rollout ID');

test('RO-3, RO-4: what is published goes out in the stages of updates.yaml', async (t) => {
  const server = await makeReadyServer(t);
  await prepare(server, 'one');
  assert.deepEqual((await readPlan(server.places))?.stages?.[0], {
    ...{ name: 'canary', share: 10_000, soakSeconds: 3600, successes: { number: 1 } },
    ...{ failures: 200, silent: 1000, isByHand: false, hosts: ['web01'] },
  });
  const { output } = await server.run('publish');
  assert.equal(
    withoutId(output),
    [
      'published for 3 hosts: 3 added (db01, web01, web02)',
      'rollout ID brings it to 3 hosts in 2 stages: stage 1 of 2 (canary)',
      'the master switch is off: `cmk-courier updates on` hands it out',
      '',
    ].join('\n'),
  );
  await plantHost(server, 'web01', { rootVersion: 1, counter: 0 });
  const user = (await readAudit(server.places)).at(-1)?.user ?? '';
  assert.equal(
    withoutId((await server.run('rollout', 'status')).output),
    [
      `rollout ID, begun 2026-11-28T09:30:00Z by ${user}: running`,
      'canary: 0 of 1 successes',
      'stage      share  open since            hosts          asked  installed     failed        silent         soak',
      'canary     100%   2026-11-28T09:30:00Z  1              1      0 (wanted 1)  0 (0% of 2%)  0 (0% of 10%)  1h',
      'everybody  100%   -                     0 (+2 absent)  0      0 (wanted 0)  0             0              -',
      '',
    ].join('\n'),
  );
});

test('RO-4: a person holds a rollout, lets it go on and opens stages, each with a line in the audit log', async (t) => {
  const server = await makeReadyServer(t);
  const none =
    'cmk-courier: updates rollout hold: the rollout stays as it is: there is none; `cmk-courier updates publish` begins one (CONFIG)\n';
  assert.equal((await server.run('rollout', 'hold')).errors, none);
  await prepare(server, 'one');
  await server.run('publish');
  const held = await server.run('rollout', 'hold', '--why=web01 looks odd');
  assert.equal(held.output, 'stage 1 of 2 (canary), on hold: web01 looks odd\n');
  assert.match(
    (await server.run('why', 'web01')).output,
    /^→ {2}?hold|hold {7}the rollout is on hold since 2026-11-28T09:30:00.000Z, by .*: web01 looks odd$/m,
  );
  assert.match(
    (await server.run('rollout', 'advance')).errors,
    /it is on hold already: web01 looks odd; `updates rollout resume` \(CONFIG\)\n$/,
  );
  assert.equal((await server.run('rollout', 'resume')).output, 'stage 1 of 2 (canary)\n');
  assert.equal((await server.run('rollout', 'advance')).output, 'stage 2 of 2 (everybody)\n');
  assert.match(
    (await server.run('rollout', 'advance')).errors,
    /every stage is open \(CONFIG\)\n$/,
  );
  const entries = (await readAudit(server.places)).filter(({ what }) => what === 'rollout');
  assert.deepEqual(
    entries.map(({ before, after }) => `${before} → ${after}`),
    [
      'stage 1 of 2 (canary) → stage 1 of 2 (canary), on hold: web01 looks odd; web01 looks odd',
      'stage 1 of 2 (canary), on hold: web01 looks odd → stage 1 of 2 (canary); no reason given',
      'stage 1 of 2 (canary) → stage 2 of 2 (everybody); no reason given',
    ],
  );
  const { output } = await server.run('rollout', 'status', '--json');
  assertDocument('updates rollout status', output);
  assert.equal(JSON.parse(output).rollout.state, 'running');
});

test('RO-7: a downgrade is a new release with a higher counter and older contents', async (t) => {
  const server = await makeReadyServer(t);
  const wish = { stages: undefined };
  await prepare(server, 'one', wish);
  await server.run('publish');
  const first = await publishedTarget(server, 'web01');
  await prepare(server, 'two', wish);
  await server.run('publish');
  await prepare(server, 'one', wish);
  await server.run('publish');
  const third = await publishedTarget(server, 'web01');
  assert.deepEqual([first?.counter, third?.counter], [1, 3]);
  assert.deepEqual(third?.package, first?.package);
});

test('RO-8: keep leaves a host as it is; switching an updater off takes a sentence with the right number', async (t) => {
  const server = await makeReadyServer(t);
  const rules = [
    { hosts: 'db01', action: 'keep' },
    { hosts: 'web*', action: 'remove-updater' },
  ];
  const said = await prepare(server, 'one', { rules, stages: undefined });
  assert.match(said, /^as it is on db01\nthe updater is switched off on web01, web02\n/m);
  const waits =
    'switching the updater off waits for 2 hosts: `cmk-courier updates rollout remove-updater` confirms it\n';
  assert.ok((await server.run('publish')).output.includes(waits));
  assert.equal((await publishedTarget(server, 'db01'))?.action, 'keep');
  assert.equal((await publishedTarget(server, 'web01'))?.action, 'remove-updater');
  const wrong = await server.run('rollout', 'remove-updater', '--confirm=yes');
  assert.equal(
    wrong.errors,
    'cmk-courier: updates rollout remove-updater: nothing is switched off: that takes "remove the updater from 2 hosts" (USAGE)\n',
  );
  assert.deepEqual((await readRolloutFile(server.places)).removals, []);
  const sentence = '--confirm=remove the updater from 2 hosts';
  assert.equal(
    (await server.run('rollout', 'remove-updater', sentence)).output,
    'web01 web02\nconfirmed: remove the updater from 2 hosts\n',
  );
  assert.deepEqual((await readRolloutFile(server.places)).removals, ['web01', 'web02']);
  assert.equal((await readAudit(server.places)).at(-1)?.what, 'remove-updater');
  assert.equal(
    (await server.run('rollout', 'remove-updater')).output,
    'no updater waits to be switched off\n',
  );
});

test('RO-6: after damage a person begins anew, for the hosts that do not have what is published', async (t) => {
  const server = await makeReadyServer(t);
  await prepare(server, 'one');
  await server.run('publish');
  const path = server.places.rollout;
  await writeFile(path, '{', { mode: 0o600 });
  const damaged = `cmk-courier: updates rollout hold: ${path} is damaged; \`cmk-courier updates rollout start\` begins anew (CONFIG)\n`;
  assert.equal((await server.run('rollout', 'hold')).errors, damaged);
  await plantHost(server, 'web02', { rootVersion: 1, counter: 1 });
  const started = await server.run('rollout', 'start');
  assert.equal(started.output, 'stage 1 of 2 (canary), for 2 hosts\n');
  const { rollout } = await readRolloutFile(server.places);
  assert.deepEqual(rollout?.hosts, { db01: 1, web01: 1 });
  assert.equal((await readAudit(server.places)).at(-1)?.before, 'damaged');
  // Where no host is behind, a damaged file would go on keeping everybody from an answer.
  for (const host of ['db01', 'web01'])
    await plantHost(server, host, { rootVersion: 1, counter: 1 });
  await writeFile(path, '', { mode: 0o600 });
  const left = await server.run('rollout', 'start');
  assert.equal(left.output, 'none: every host has what is published\n');
  assert.deepEqual(await readRolloutFile(server.places), { rollout: null, removals: [] });
  await writeFile(server.places.plan, '{', { mode: 0o600 });
  await prepare(server, 'two');
  const other = await makeReadyServer(t);
  await prepare(other, 'one', { stages: undefined });
  const none = await other.run('rollout', 'start');
  assert.match(
    none.errors,
    /updates.yaml has no `stages`: write some, then `updates bake`; without .*rollout.json every host gets what is published as soon as it asks \(CONFIG\)\n$/,
  );
});
