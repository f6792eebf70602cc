/** `cmk-courier adopt`: from the receiver's state to hosts of a strict REST API. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { main } from '../../src/main.ts';
import { Hosts } from '../../src/receiver/state/hosts.ts';
import { Requests } from '../../src/receiver/state/requests.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { FakeSite, problem, serveSite } from '../peers/checkmk-rest.ts';

async function makePlace(t: TestContext) {
  const site = new FakeSite();
  const url = await serveSite(site, t);
  const state = await makeTempDir(t);
  const secretFile = join(state, 'secret');
  writeFileSync(secretFile, 'not-so-secret', { mode: 0o600 });
  const { said, ...context } = makeCommandContext();
  const options = [`--url=${url}`, `--secret-file=${secretFile}`, `--state=${state}`];
  const adopt = async (...args: readonly string[]) => {
    said.output = '';
    said.errors = '';
    const code = await main(['adopt', ...options, '--folder=/pushed', ...args], context);
    return { code, ...said };
  };
  return { site, state, adopt, said, context, options };
}

async function register(state: string, host: string, mode = 'push-agent' as const) {
  const hosts = await Hosts.open(state);
  const uuid = randomUUID();
  const about = { certificates: [], piggyback: [], registeredAt: '2026-01-01', registeredBy: 'x' };
  await hosts.link({ host, uuid }, () => ({ host, uuid, mode, ...about }));
  return uuid;
}

/** As a controller does it that asks to be registered. */
async function registerNew(
  state: string,
  host: string,
  labels: Readonly<Record<string, string>>,
  address = '192.0.2.7',
) {
  const uuid = await register(state, host);
  const requests = await Requests.open(state);
  await requests.update(uuid, () => ({
    uuid,
    host,
    state: 'allowed',
    allowedBy: 'rule',
    reason: null,
    labels,
    csr: '',
    requestedBy: 'x',
    requestedAt: '2026-01-01',
    answeredAt: null,
    completedAt: null,
    address,
    mode: 'push-agent',
    piggyback: [],
    allowedPiggyback: [],
    takesOver: null,
  }));
}

test('hosts that push and are not in Setup get into one folder, and nothing that is there changes', async (t) => {
  const { site, state, adopt } = await makePlace(t);
  assert.equal((await adopt()).output, `no host is registered to push in ${state}\n`);
  site.hosts.kept.set('db1', { folder: '/web', attributes: { ipaddress: '192.0.2.1' } });
  for (const host of ['web01', 'db1']) await register(state, host);
  const pulled = await Hosts.open(state);
  const uuid = randomUUID();
  const about = { certificates: [], piggyback: [], registeredAt: 'x', registeredBy: 'x' };
  await pulled.link({ host: 'pull1', uuid }, () => ({
    host: 'pull1',
    uuid,
    mode: 'pull-agent',
    ...about,
  }));
  const dry = await adopt('--dry-run');
  assert.equal(dry.output, 'would be made: host web01 in /pushed\n');
  assert.equal(site.hosts.kept.size, 1);
  const done = await adopt();
  assert.deepEqual(done, {
    code: 0,
    output: 'made: host web01 in /pushed\nnot active yet: --activate does it, or Checkmk itself\n',
    errors: '',
  });
  assert.deepEqual(
    [...site.hosts.kept],
    [
      ['db1', { folder: '/web', attributes: { ipaddress: '192.0.2.1' } }],
      ['web01', { folder: '/pushed', attributes: { tag_address_family: 'no-ip', labels: {} } }],
    ],
  );
  assert.equal((await adopt()).output, 'every host that pushes is in Checkmk already\n');
  assert.match((await adopt('pull1', 'token1')).output, /^made: host pull1 .*\nmade: host token1 /);
});

test('what a machine says of itself is taken only where it is asked for', async (t) => {
  const { site, state, adopt } = await makePlace(t);
  const labels = { 'cmk/os_family': 'linux', 'cmk/site': 'evil', odd: '$(id)' };
  await registerNew(state, 'web01', labels);
  await adopt();
  assert.deepEqual(site.hosts.kept.get('web01')?.attributes, {
    tag_address_family: 'no-ip',
    labels: {},
  });
  await registerNew(state, 'web02', labels);
  const wished = ['--label=cmk/os_family', '--label=odd', '--label=way:push', '--label=missing'];
  const { output } = await adopt('--with-address', '--special-agent', '--discover', ...wished);
  assert.match(
    output,
    /^made: host web02 in \/pushed at 192\.0\.2\.7, cmk-courier\/os_family:linux, cmk-courier\/way:push\n/,
  );
  assert.deepEqual(site.hosts.kept.get('web02')?.attributes, {
    ipaddress: '192.0.2.7',
    tag_agent: 'special-agents',
    labels: { 'cmk-courier/os_family': 'linux', 'cmk-courier/way': 'push' },
  });
  assert.deepEqual([...site.hosts.monitored], ['web02']);
  assert.deepEqual([...site.hosts.labelled], [], 'labels of its output are not taken');
});

test('an IPv6 address gets into its own field, and one with a zone is none', async (t) => {
  const { site, state, adopt } = await makePlace(t);
  await registerNew(state, 'web06', {}, '2001:db8::7');
  await registerNew(state, 'web07', {}, 'fe80::1%eth0');
  const ended = await adopt('--with-address');
  assert.equal(ended.code, 0, ended.errors);
  assert.deepEqual(site.hosts.kept.get('web06')?.attributes, {
    ipv6address: '2001:db8::7',
    tag_address_family: 'ip-v6-only',
    labels: {},
  });
  assert.deepEqual(site.hosts.kept.get('web07')?.attributes, {
    tag_address_family: 'no-ip',
    labels: {},
  });
});

test('--watch makes a host later that a busy site did not take, and its tries use up no hour', async (t) => {
  const { site, state, said, context, options } = await makePlace(t);
  await register(state, 'web01');
  const busy = [problem(500, 'x', 'x'), problem(423, 'x', 'x'), problem(502, 'x', 'x')];
  site.interfere = ({ method, path }) =>
    method === 'POST' && path.includes('host_config') ? busy.shift() : undefined;
  const shutdown = new AbortController();
  const args = ['adopt', ...options, '--folder=/pushed', '--watch', '--per-hour=1'];
  const running = main(args, { ...context, shutdown: shutdown.signal });
  for (let round = 0; round < 3; round += 1) {
    await waitUntil(() => context.clock.sleeping === 1);
    assert.equal(site.hosts.kept.size, 0);
    context.clock.advance(60_000);
  }
  await waitUntil(() => said.output !== '');
  assert.match(said.output, /^made: host web01 in \/pushed\n/);
  shutdown.abort(new Error('over'));
  await running;
});

test('no more than so many get in within an hour, whoever runs it', async (t) => {
  const { site, state, adopt, context } = await makePlace(t);
  for (const host of ['a1', 'a2', 'a3', 'a4', 'a5']) await register(state, host);
  const first = await adopt('--per-hour=2');
  assert.equal(first.code, 7);
  assert.match(first.errors, /adopt: 3 more wait: so many hosts may be made within an hour/);
  const second = await adopt('--per-hour=3');
  assert.match(second.errors, /2 more wait/);
  assert.equal(site.hosts.kept.size, 3);
  context.clock.advance(3_600_001);
  assert.equal((await adopt('--per-hour=3')).code, 0);
  assert.equal(site.hosts.kept.size, 5);
  chmodSync(join(state, 'adopted.json'), 0o666);
  await register(state, 'a6');
  assert.match((await adopt()).errors, /others may change .*adopted\.json.*\(CONFIG\)/);
});

test('a host the site does not take keeps no other out, a folder that is missing all', async (t) => {
  const { site, state, adopt } = await makePlace(t);
  for (const host of ['bad', 'good']) await register(state, host);
  site.interfere = ({ method, body }) =>
    method === 'POST' && body['host_name'] === 'bad'
      ? problem(400, 'Bad Request', 'odd name')
      : undefined;
  const ended = await adopt();
  assert.match(ended.output, /^made: host good in \/pushed\n/);
  assert.match(
    ended.errors,
    /making bad: the site does not take the request as it is; Checkmk says "Bad Request: odd name" \(PEER\)/,
  );
  site.folders.delete('/pushed');
  assert.match((await adopt()).errors, /there is no folder \/pushed; make it in Setup/);
  site.permissions.delete('wato.manage_hosts');
  site.folders.add('/pushed');
  site.interfere = () => undefined;
  assert.match((await adopt()).errors, /automation may not do that/);
});

test('a host whose services cannot be looked for is made all the same, and activated', async (t) => {
  const { site, state, adopt } = await makePlace(t);
  await register(state, 'web01');
  site.interfere = ({ path }) =>
    path.includes('discovery') ? problem(409, 'busy', 'x') : undefined;
  const ended = await adopt('--discover', '--activate');
  assert.equal(ended.code, 0, ended.errors);
  assert.match(ended.output, /^made: host web01 in \/pushed; looking for its services: .*busy/);
  assert.equal(site.activated.length, 1);
});

test('many hosts are looked for in one list', async (t) => {
  const { site, state, adopt } = await makePlace(t);
  for (let n = 0; n < 25; n += 1) await register(state, `many${n}`);
  await adopt('--dry-run');
  assert.deepEqual(site.asked.slice(0, 1), ['GET /domain-types/host_config/collections/all']);
});

test('--watch makes hosts as they come, activates, and tells a failure once', async (t) => {
  const { site, state, said, context, options } = await makePlace(t);
  const shutdown = new AbortController();
  const args = ['adopt', ...options, '--folder=/pushed', '--watch', '--activate'];
  const running = main(args, { ...context, shutdown: shutdown.signal });
  const nextRound = async () => {
    await waitUntil(() => context.clock.sleeping === 1);
    context.clock.advance(60_000);
  };
  await register(state, 'web01');
  await waitUntil(() => context.clock.sleeping === 1);
  context.clock.advance(60_000);
  await waitUntil(() => said.output.includes('activated'));
  assert.equal(said.output, 'made: host web01 in /pushed\nactivated\n');
  site.note('anna', 'Deleted host');
  await register(state, 'web02');
  await nextRound();
  await waitUntil(() => said.errors !== '');
  await nextRound();
  await waitUntil(() => context.clock.sleeping === 1);
  assert.match(said.errors, /^cmk-courier: adopt: not activated: 2? ?[^\n]*anna[^\n]*\n$/);
  site.changes = site.changes.filter(({ user_id: user }) => user !== 'anna');
  await nextRound();
  await waitUntil(() => site.activated.length === 2);
  shutdown.abort(new Error('over'));
  await running;
  // What it left when it ended is taken up by the next.
  site.note('automation', 'Created new host web03');
  const again = new AbortController();
  const next = main(args, { ...context, shutdown: again.signal });
  await waitUntil(() => site.activated.length === 3);
  again.abort(new Error('over'));
  await next;
});
