import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as z from 'zod';
import { keyOf } from '../../../peers/update-documents.ts';
import { startUpdateServer } from '../../../peers/update-server.ts';
import { Host, inLong, isLong } from './host.ts';
import { agentThatPrints, makeRelease } from './packages.ts';

/** The section as Checkmk's own parser reads it (cmk/plugins/collection/agent_based/cmk_update_agent_status.py). */
const certificate = z.object({
  corrupt: z.boolean(),
  not_after: z.string().regex(/(Z|[+-]\d\d:\d\d)$/),
  signature_algorithm: z.string(),
  common_name: z.string(),
});
const section = z.object({
  last_check: z.number().int().nullable(),
  last_update: z.number().int().nullable(),
  aghash: z.string().nullable(),
  pending_hash: z.string().nullable(),
  update_url: z.string().nullable(),
  error: z.string().nullable(),
  trusted_certs: z.record(z.string().regex(/^\d+$/), certificate).nullable(),
  host_name: z.string().optional(),
});

function readSection(text: string) {
  const [, json = '', ...rest] = text
    .slice(text.indexOf('<<<cmk_update_agent_status:sep(0)>>>'))
    .split('\n');
  assert.deepEqual(rest, ['']);
  return section.parse(JSON.parse(json));
}

async function makeWorld(t: TestContext) {
  const server = await startUpdateServer(t);
  const host = new Host(t, { server });
  server.repository.addRoot({ servers: [server.url] });
  host.register(server);
  return { host, server };
}

test('ST-3: the section is in each output of the agent, and an error that is mended is gone at once', async (t) => {
  const { host, server } = await makeWorld(t);
  const agent = [
    '#!/bin/sh',
    'echo "<<<check_mk>>>"',
    'cd "$MK_LIBDIR/plugins" && for plugin in ./*; do "$plugin"; done',
    '',
  ];
  const pack = makeRelease('1', [
    { path: 'bin/check_mk_agent', mode: 0o755, content: agent.join('\n') },
  ]);
  host.offer(pack);
  assert.equal((await host.update()).status, 0);
  const good = readSection((await host.agent()).stdout);
  assert.deepEqual(
    [good.aghash, good.error, good.update_url, good.host_name],
    [pack.hash, null, server.url, 'web01'],
  );
  assert.ok(Math.abs((good.last_check ?? 0) - Date.now() / 1000) < 120);
  server.fail('check', { kind: 'status', status: 500 });
  await host.update();
  const bad = readSection((await host.agent()).stdout);
  assert.equal(bad.error, `E-SERVER ${server.url}/v1/check answered 500`);
  assert.deepEqual([bad.last_check, bad.aghash], [good.last_check, pack.hash]);
  await host.update();
  assert.equal(readSection((await host.agent()).stdout).error, null);
  const { stdout } = await host.run(['status', '--json']);
  assert.equal(section.parse(JSON.parse(stdout)).aghash, pack.hash);
});

test('KM-8: the keys that sign releases are shown as certificates that end with the root', async (t) => {
  const { host } = await makeWorld(t);
  await host.update();
  const { trusted_certs: certificates } = readSection(host.read('section'));
  assert.deepEqual(certificates, {
    '1': {
      corrupt: false,
      not_after: '2099-01-01T00:00:00+00:00',
      signature_algorithm: 'sha256WithRSAEncryption',
      common_name: `release-${keyOf('release-a').id.slice(0, 16)}`,
    },
  });
});

test('ST-4: any text becomes one line of strict JSON', async (t) => {
  const host = new Host(t);
  const texts = [
    'quote " and \\ backslash',
    '\u0001\u001b[0m',
    'ümlaut',
    '\\',
    '"',
    '{}',
    'x'.repeat(10_240),
    '%s %d',
    '$(id)',
    '&',
  ];
  for (let turn = 0; turn < (isLong ? 200 : 5); turn += 1) {
    texts.push(
      Array.from({ length: 40 }, () =>
        String.fromCharCode(1 + Math.floor(Math.random() * 255)),
      ).join(''),
    );
  }
  const fields = texts.map((text) => `error ${text.replaceAll('\n', ' ')}`);
  const file = join(host.root, 'fields');
  writeFileSync(file, `${fields.join('\n')}\n`, 'latin1');
  const script =
    'COURIER_UPDATE_LIBRARY=1; . "$0"; LC_ALL=C; export LC_ALL; while IFS= read -r line; do printf "%s\\n" "$line" | print_json; done <"$1"';
  const { stdout, stderr } = await host.exec('sh', ['-c', script, host.updater, file]);
  assert.equal(stderr, '');
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, texts.length);
  for (const [index, line] of lines.entries()) {
    const text = texts[index] ?? '';
    const { error } = section.parse(JSON.parse(line));
    if (/^[ -~]{1,1024}$/.test(text)) assert.equal(error, text);
    else assert.match(error ?? '', /^[ -~]{0,1024}$/);
  }
});

const decisions = [
  ['disabled', 'E-DISABLED deployment is currently globally disabled'],
  ['excluded', 'E-EXCLUDED agent updates are disabled for host'],
  ['hold', null],
] as const;

test('ST-5: the decisions of the site are told in the words that Checkmk knows', async (t) => {
  const { host, server } = await makeWorld(t);
  host.offer(makeRelease('1'));
  for (const [decision, error] of decisions) {
    server.repository.changeStamp = () => ({ decision });
    await host.update();
    assert.equal(readSection(host.read('section')).error, error);
  }
  assert.equal(existsSync(join(host.base, 'current')), false);
  // They are no failure of the host, whose site knows them.
  for (const { fields } of server.requests) assert.equal(fields['code'] ?? '-', '-');
  const script =
    'COURIER_UPDATE_LIBRARY=1; . "$0"; echo "error E-X last_check last_update error" | print_json';
  const { stdout } = await host.exec('sh', ['-c', script, host.updater]);
  assert.equal(section.parse(JSON.parse(stdout)).error, 'E-X last check last update error');
});

test('ST-6: a release that was taken back is in the section of the agent until a newer one is committed', {
  skip: inLong,
}, async (t) => {
  const { host } = await makeWorld(t);
  const first = makeRelease('1');
  host.offer(first);
  await host.update();
  const broken = makeRelease('2', [
    { path: 'bin/check_mk_agent', mode: 0o755, content: agentThatPrints('no') },
  ]);
  host.offer(broken);
  await host.update();
  await host.update();
  const failed = `E-SELFTEST the agent of release ${broken.hash} does not begin with a section`;
  assert.equal(
    host.read('section').split('<<<cmk_update')[0],
    `<<<check_mk>>>\nUpdateFailed: ${failed}\nUpdateRecoverAction: the release before runs again: ${first.hash}\n`,
  );
  assert.equal(readSection(host.read('section')).error, failed);
  host.offer(makeRelease('3'));
  await host.update();
  assert.doesNotMatch(host.read('section'), /UpdateFailed/);
});

test('ST-7: the name is told only when the site knows the host by it', {
  skip: inLong,
}, async (t) => {
  const { host, server } = await makeWorld(t);
  server.repository.changeStamp = () => ({ audience: 'host:web02' });
  assert.match(
    (await host.update()).stderr,
    /^courier-update: E-AUDIENCE a stamp for host:web02, and this is web01\n$/,
  );
  assert.equal(readSection(host.read('section')).host_name, undefined);
});
