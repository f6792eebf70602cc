/** What an administrator sees and decides: status, why, section and hosts, against a running server. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { updates } from '../../src/commands/updates.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import {
  updatesRegisterToken,
  updatesStatus,
  updatesWhy,
} from '../../src/updates/json-documents.ts';
import { readAudit } from '../../src/updates/repository/audit.ts';
import { writePlan } from '../../src/updates/repository/plan.ts';
import { listStandings } from '../../src/updates/server/host-facts.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { UpdateClient } from './update-client.ts';
import { startUpdateSite, type UpdateSite } from './update-site.ts';

/** What a command prints. */
async function run(site: UpdateSite, clock: FakeClock, line: string): Promise<string> {
  const context = { ...makeCommandContext(), clock };
  let command = updates;
  let words = line.split(' ');
  for (;;) {
    const [name = '', ...rest] = words;
    const entry = command.commands?.[name];
    if (entry === undefined) break;
    [command, words] = [await entry.load(), rest];
  }
  const [flags, operands] = [
    words.filter((word) => word.startsWith('--')),
    words.filter((word) => !word.startsWith('--')),
  ];
  const named = flags.map((flag) => flag.slice(2).split('='));
  const options = Object.fromEntries(
    named.map(([name = '', value = 'true']) => [
      name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
      [value],
    ]),
  );
  await command.run({ operands, options: { dir: [site.places.directory], ...options } }, context);
  return context.said.output;
}

async function start(t: Parameters<typeof startUpdateSite>[0]) {
  const clock = new FakeClock(Date.UTC(2026, 10, 28, 9));
  const site = await startUpdateSite(t, {}, clock);
  return { site, clock, say: (line: string) => run(site, clock, line) };
}

async function textOf(say: (line: string) => Promise<string>, host: string): Promise<string> {
  const { hosts } = updatesStatus.parse(JSON.parse(await say('status --json')));
  return hosts.find((one) => one.host === host)?.text ?? '';
}

/** The end of a delivery is noted when the host may have gone on already. */
async function untilSaid(ask: () => Promise<string>, text: string): Promise<void> {
  for (let times = 0; times < 500; times += 1) {
    if ((await ask()).includes(text)) return;
    await setTimeout(5);
  }
  assert.fail(`it never says ${text}`);
}

test('ST-1: the status of a host follows it step by step', async (t) => {
  const { site, clock, say } = await start(t);
  assert.equal(await say('status'), 'no host is registered, and nothing is published\n');
  const { packageSha256, agentHash } = await site.publish('web01', Buffer.from('a package'));
  assert.equal(await textOf(say, 'web01'), 'not registered: cmk-courier updates register-token');
  const { token } = updatesRegisterToken.parse(
    JSON.parse(await say('register-token web01 --json')),
  );
  const client = new UpdateClient(site.plainUrl, 'web01');
  await client.register('token', token);
  assert.equal(await textOf(say, 'web01'), 'registered, and has not asked yet');
  await client.check();
  assert.equal(await textOf(say, 'web01'), 'is offered its package');
  await client.package(packageSha256);
  await untilSaid(() => textOf(say, 'web01'), 'has fetched its package');
  client.standing = { state: 'idle', 'installed-hash': agentHash, 'installed-counter': '1' };
  await client.report({ state: 'installed' });
  assert.equal(await textOf(say, 'web01'), 'up to date');
  await client.check();
  assert.equal(
    await say('status'),
    [
      'host   state  stage  decision  target              fetched           installed           root  last contact          silent',
      `web01  idle   -      offer     1 ${agentHash}  ${packageSha256.slice(0, 16)}  1 ${agentHash}  1     2026-11-28T09:00:00Z  -       up to date`,
      '',
    ].join('\n'),
  );
  clock.advance(5 * 3_600_000);
  assert.equal(await textOf(say, 'web01'), 'silent for 5h');
  client.standing = { state: 'returned', code: 'E-SELFTEST', error: 'a section is lost' };
  await client.report();
  assert.equal(await textOf(say, 'web01'), 'a release was taken back: E-SELFTEST');
});

test('ST-1: a host is silent after three of its own intervals, which its stamp tells it', async (t) => {
  const { site, clock, say } = await start(t);
  const offer = {
    action: 'keep',
    platform: 'linux-tgz',
    updaterMin: 1,
    selfTestSeconds: 60,
  } as const;
  await writePlan(site.places, {
    bakedAt: '2026-11-28T09:00:00Z',
    offers: [{ ...offer, intervalSeconds: 86_400, hosts: [parseHostName('web01')] }],
  });
  assert.match((await (await site.client('web01')).check()).text, /^interval 86400$/m);
  assert.match((await (await site.client('web02')).check()).text, /^interval 3600$/m);
  clock.advance(4 * 3_600_000);
  assert.equal(await textOf(say, 'web01'), 'nothing is published');
  assert.equal(await textOf(say, 'web02'), 'silent for 4h');
  await writeFile(site.places.plan, 'damaged');
  assert.match((await (await site.client('web01')).check()).text, /^interval 3600$/m);
});

test('ST-1: the worst host comes first', async (t) => {
  const { site, say } = await start(t);
  await (await site.client('alpha')).check();
  const beta = await site.client('beta');
  beta.standing = { code: 'E-STALE', error: 'the stamp has expired' };
  await beta.check();
  const { hosts } = updatesStatus.parse(JSON.parse(await say('status --json')));
  assert.deepEqual(
    hosts.map(({ host, text }) => [host, text]),
    [
      ['beta', 'E-STALE: the stamp has expired'],
      ['alpha', 'nothing is published'],
    ],
  );
  assert.match(await say('status al*'), /^alpha /m);
  assert.doesNotMatch(await say('status al*'), /^beta /m);
});

test('ST-2: fetched and installed keep their times', async (t) => {
  const { site, clock, say } = await start(t);
  const { packageSha256, agentHash } = await site.publish('web01', Buffer.from('a package'));
  const client = await site.client('web01');
  await client.package(packageSha256);
  await untilSaid(() => say('status --json'), packageSha256);
  clock.advance(60_000);
  client.standing = { 'installed-hash': agentHash, 'installed-counter': '1', state: 'idle' };
  await client.report();
  clock.advance(60_000);
  await client.check();
  const why = updatesWhy.parse(JSON.parse(await say('why web01 --json')));
  assert.deepEqual(why.downloaded, { sha256: packageSha256, at: '2026-11-28T09:00:00.000Z' });
  assert.deepEqual(why.installed, {
    agentHash,
    counter: 1,
    since: '2026-11-28T09:01:00.000Z',
  });
});

test('ST-1: why tells each reason in the order in which they count', async (t) => {
  const { site, say } = await start(t);
  const { packageSha256 } = await site.publish('web01', Buffer.from('a package'));
  const client = await site.client('web01');
  const decisionOf = async () =>
    updatesWhy.parse(JSON.parse(await say('why web01 --json'))).decision;
  assert.equal(await decisionOf(), 'offer');
  client.standing = { refused: packageSha256 };
  await client.check();
  assert.equal(await decisionOf(), 'refused');
  await say('hosts exclude web01 --why=frozen');
  assert.equal(await decisionOf(), 'excluded');
  assert.match((await client.check()).text, /^decision excluded$/m);
  await site.turn(false);
  assert.equal(await decisionOf(), 'disabled');
  assert.match((await client.check()).text, /^decision disabled$/m);
  client.standing = { state: 'off' };
  await client.check();
  assert.equal(await decisionOf(), 'off');
  assert.match(await say('why web01'), /^web01: off\n→ off +switched off on the host\n/);
});

test('AU-7: a host that is revoked gets nothing at once, and may come back with a token', async (t) => {
  const { site, say } = await start(t);
  const { targetSha256 } = await site.publish('web01', Buffer.from('a package'));
  const client = await site.client('web01');
  assert.equal((await client.target(targetSha256)).status, 200);
  assert.equal(
    await say('hosts revoke web01'),
    'web01 is revoked: it gets nothing until it registers with a new token\n',
  );
  assert.equal((await client.target(targetSha256)).status, 403);
  assert.equal((await client.check()).status, 403);
  const old = client.secret;
  await client.register('token', await site.token('web01'));
  assert.equal((await client.check({ key: old })).status, 403);
  assert.equal((await client.check()).status, 200);
});

test('AU-7: the site lets a host take another secret', async (t) => {
  const { site, say } = await start(t);
  const client = await site.client('web01');
  await client.check();
  await say('hosts rotate-secret web01');
  assert.match((await client.check()).text, /^say rotate-secret$/m);
  await client.register('secret', client.secret);
  assert.match((await client.check()).text, /^format cmk-courier-stamp\/1$/m);
});

test('AU-4: no secret or token is in the log, the audit or what commands print', async (t) => {
  const { site, say } = await start(t);
  const token = await site.token('web01');
  const client = new UpdateClient(site.plainUrl, 'web01');
  await client.register('token', token);
  await client.check();
  await client.check({ key: 'f'.repeat(64) });
  await say('hosts rotate-secret web01');
  const shown = [
    site.log.lines.join('\n'),
    JSON.stringify(await readAudit(site.places)),
    await say('status --json'),
    await say('why web01'),
  ].join('\n');
  assert.ok(!shown.includes(token) && !shown.includes(client.secret));
  assert.match(shown, /"after":"rotate-secret"/);
});

test('KM-4: keys can ask which root each host has', async (t) => {
  const { site, clock } = await start(t);
  const client = await site.client('web01');
  client.standing = {
    'root-version': '3',
    'installed-counter': '7',
    'installed-hash': 'a'.repeat(16),
  };
  await client.check();
  assert.deepEqual(await listStandings(site.places, clock), [
    { host: 'web01', rootVersion: 3, counter: 7, lastContactMs: clock.now() },
  ]);
});

/** As Checkmk's parser reads it: the first line below the header. */
function sectionOf(text: string): Record<string, unknown> {
  const [header, line = ''] = text.split('\n');
  assert.equal(header, '<<<cmk_update_agent_status:sep(0)>>>');
  return JSON.parse(line);
}

test('ST-9: the site makes the section of a host that cannot report', async (t) => {
  const { site, clock, say } = await start(t);
  const { packageSha256, agentHash } = await site.publish('web01', Buffer.from('a package'));
  assert.equal(sectionOf(await say('section web01'))['last_check'], null);
  const client = await site.client('web01');
  await client.check();
  await client.package(packageSha256);
  await untilSaid(() => say('status --json'), packageSha256);
  const contactAt = clock.now() / 1000;
  clock.advance(3 * 86_400_000);
  assert.deepEqual(sectionOf(await say('section web01')), {
    last_check: contactAt,
    last_update: null,
    aghash: null,
    pending_hash: agentHash,
    update_url: site.plainUrl,
    error: null,
    trusted_certs: null,
    host_name: 'web01',
  });
});

test('ST-5: the words that Checkmk looks for, and none that it takes for garbled', async (t) => {
  const { site, say } = await start(t);
  const client = await site.client('web01');
  const errorOf = async () => sectionOf(await say('section web01'))['error'];
  client.standing = { code: 'E-STATE', error: 'last_check last_update error' };
  await client.check();
  assert.equal(await errorOf(), 'E-STATE: last check last update error');
  client.standing = {};
  await client.check();
  await say('hosts exclude web01');
  assert.equal(await errorOf(), 'agent updates are disabled for host web01');
  await site.turn(false);
  assert.equal(await errorOf(), 'deployment is currently globally disabled');
});
