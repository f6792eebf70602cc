/** Which hosts are meant: conditions joined by AND, and what is known of a host. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { main } from '../../../src/main.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import {
  type ChosenHost,
  type ConditionTexts,
  parseHostChoice,
  testConditions,
  toConditions,
  whyNot,
} from '../../../src/updates/configuration/conditions.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { assertDocument } from '../../helpers/json-document.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { FakeSite, serveSite } from '../../peers/checkmk-rest.ts';

const groups = new Map([['web', parseHostChoice(['web*', '!web9'])]]);
const host = {
  host: parseHostName('web01'),
  tags: ['prod', 'lan'],
  labels: ['cmk/os:linux'],
  folder: '/servers/web',
  site: 'central',
} as const;

/** Undefined fits; else what keeps it. */
const table: readonly (readonly [ConditionTexts, string | undefined])[] = [
  [{}, undefined],
  [{ hosts: ['web01'] }, undefined],
  [{ hosts: ['/web[0-9]+/'] }, undefined],
  [{ hosts: ['web*', '!web01'] }, 'no pattern fits the name'],
  [{ hosts: ['!web01'] }, 'no pattern fits the name'],
  [{ hosts: ['!db*'] }, undefined],
  [{ groups: ['web'] }, undefined],
  [{ groups: ['!web'] }, 'the host is in the group web'],
  [{ folders: ['/servers'] }, undefined],
  [{ folders: ['/'] }, undefined],
  [{ folders: ['/servers/'] }, undefined],
  [{ folders: ['/server'] }, 'the host is in the folder /servers/web'],
  [{ folders: ['/servers', '!/servers/web'] }, 'the host is in the folder /servers/web'],
  [{ sites: ['central', 'other'] }, undefined],
  [{ sites: ['!central'] }, 'the host is monitored by central'],
  [{ tags: ['prod', 'lan'] }, undefined],
  [{ tags: ['prod', 'wan'] }, 'the host lacks the tag wan'],
  [{ tags: ['!lan'] }, 'the host has the tag lan'],
  [{ labels: ['cmk/os:linux', '!a:b'] }, undefined],
  [{ hosts: ['web*'], folders: ['/servers'], tags: ['!prod'] }, 'the host has the tag prod'],
];

test('RO-2: a host fits where every condition does, and what keeps it is told', () => {
  for (const [texts, expected] of table) {
    assert.equal(whyNot(toConditions(texts, groups), host), expected, JSON.stringify(texts));
  }
});

test('RO-2: what is not known of a host fits nothing, not even what is excepted', () => {
  const bare: ChosenHost = {
    ...{ host: host.host, tags: undefined, labels: undefined },
    ...{ folder: undefined, site: undefined },
  };
  const texts = { folders: ['!/test'], sites: ['!x'], tags: ['!offline'], labels: ['!a:b'] };
  const results = testConditions(toConditions(texts, groups), bare);
  assert.deepEqual(
    results.map(({ condition, holds, words }) => `${condition} ${holds}: ${words}`),
    [
      'folders null: its folder is not known',
      'sites null: its site is not known',
      'tags null: its tags are not known',
      'labels null: its labels are not known',
    ],
  );
});

test('RO-2: the result is the conjunction of its conditions, whichever they are', () => {
  const words = (...of: readonly string[]) => fc.subarray([...of], { minLength: 1 });
  const texts = fc.record(
    {
      hosts: words('web*', '!web01', 'db*', 'web01'),
      groups: words('web', '!web'),
      folders: words('/servers', '!/servers', '/other', '!/other'),
      sites: words('central', '!central', 'x'),
      tags: words('prod', '!prod', 'wan', '!wan'),
      labels: words('cmk/os:linux', '!cmk/os:linux', '!a:b'),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(texts, (given) => {
      const alone = Object.entries(given).map(([key, value]) => {
        return whyNot(toConditions({ [key]: value }, groups), host) === undefined;
      });
      const fits = whyNot(toConditions(given, groups), host) === undefined;
      assert.equal(fits, alone.every(Boolean));
    }),
  );
});

async function makeFolder(t: Parameters<typeof makeTempDir>[0], yaml: string) {
  const root = await makeTempDir(t);
  const clock = new FakeClock(Date.UTC(2026, 10, 28, 9, 30));
  writeFileSync(join(root, 'updates.yaml'), yaml);
  writeFileSync(join(root, 'hosts.txt'), 'web01 - prod cmk/os:linux /servers/web @central\n');
  writeFileSync(join(root, 'secret'), 'not-so-secret', { mode: 0o600 });
  const run = async (...words: readonly string[]) => {
    const { said, ...context } = makeCommandContext();
    const places = [`--updates=${root}/updates.yaml`, `--dir=${root}/updates`];
    const code = await main(['updates', ...words, ...places], { ...context, clock });
    const errors = said.errors.replaceAll(root, 'ROOT');
    return { code, output: said.output.replaceAll(root, 'ROOT'), errors };
  };
  return { root, clock, run };
}

const yaml = `hostList: hosts.txt
stages:
  - {name: first, sites: central}
  - name: all
rules:
  - name: servers
    folders: /servers
    tags: [prod, '!offline']
    hosts: ['web*', '!web03']
    agent: courier-agent
`;

test('RO-2: why shows each condition of each rule, and of any name as if it were a host', async (t) => {
  const { run } = await makeFolder(t, yaml);
  const { output } = await run('why', 'web01');
  assert.equal(
    output.slice(output.indexOf('ROOT')),
    [
      'ROOT/updates.yaml: a rule selects it; known of it: prod cmk/os:linux /servers/web @central',
      '+ servers (line 6)',
      '    + hosts web*, !web03: the name fits',
      '    + folders /servers: the host is in the folder /servers/web',
      '    + tags prod, !offline: the tags fit',
      '+ stage first',
      '    + sites central: the host is monitored by central',
      '+ stage all',
      '',
    ].join('\n'),
  );
  const unknown = (await run('why', 'web03')).output;
  assert.equal(
    unknown.slice(unknown.indexOf('ROOT')),
    [
      'ROOT/updates.yaml: no rule selects it; the list of hosts does not know it, and --tags, --labels, --folder and --site say what it would have',
      '- servers (line 6)',
      '    - hosts web*, !web03: no pattern fits the name',
      '    ? folders /servers: its folder is not known',
      '    ? tags prod, !offline: its tags are not known',
      '- stage first',
      '    ? sites central: its site is not known',
      '+ stage all',
      '',
    ].join('\n'),
  );
  const json = await run('why', 'web99', '--folder=/servers/x', '--tags=prod', '--json');
  assertDocument('updates why', json.output);
  const { selection, state } = JSON.parse(json.output);
  assert.deepEqual(
    [state, selection.isSelected, selection.known.from],
    ['unregistered', true, 'options'],
  );
});

test('RO-2: hosts are those the site had the last time while it does not answer, for a day at most', async (t) => {
  const site = new FakeSite();
  site.hosts.inherited = { tag_criticality: 'prod', labels: {}, site: 'central' };
  site.hosts.kept.set('web01', { folder: '/servers', attributes: {} });
  const url = await serveSite(site, t);
  const { root, clock, run } = await makeFolder(t, yaml.replace('hostList: hosts.txt\n', ''));
  const bake = (at: string) => run('bake', `--url=${at}`, `--secret-file=${root}/secret`);
  const gone = 'http://127.0.0.1:1/mysite';
  const never = await bake(gone);
  assert.match(
    never.errors,
    /^cmk-courier: updates bake: connecting to 127.0.0.1:1: connection refused \(UNREACHABLE\)\n$/,
  );
  assert.doesNotMatch(never.errors, /last time/);
  assert.equal((await bake(url)).code, 0);
  const plan = await readFile(`${root}/updates/plan.json`, 'utf8');
  assert.match(plan, /"web01"/);
  clock.advance(5 * 3_600_000);
  assert.match(
    (await run('why', 'web01')).output,
    /^ROOT\/updates.yaml: a rule selects it; the site said 5h ago: prod \/servers @central$/m,
  );
  const recalled = await bake(gone);
  assert.equal(recalled.code, 0);
  assert.match(recalled.errors, /^hosts are those that the site had 5h ago: connecting to /);
  clock.advance(20 * 3_600_000);
  const old = await bake(gone);
  assert.equal(old.code, 5);
  assert.match(
    old.errors,
    /; what the site said the last time is 1d1h old, allowed are 1d \(--max-list-age\) \(UNREACHABLE\)\n$/,
  );
});
