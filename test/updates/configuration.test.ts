import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { FakeSite, serveSite } from '../peers/checkmk-rest.ts';

/** What `cmk-courier updates …` says of an updates.yaml. */
async function makeFolder(
  t: TestContext,
  yaml?: string,
  hosts = 'web01 - prod cmk/os:linux\ndb01 -\n',
) {
  const root = await makeTempDir(t);
  writeFileSync(join(root, 'hosts.txt'), hosts);
  if (yaml !== undefined) writeFileSync(join(root, 'updates.yaml'), yaml);
  const run = async (...args: readonly string[]) => {
    const context = { ...makeCommandContext(), clock: systemClock };
    const code = await main(['updates', ...args, `--updates=${root}/updates.yaml`], context);
    const { output, errors } = context.said;
    return {
      code,
      output: output.replaceAll(root, 'ROOT'),
      errors: errors.replaceAll(root, 'ROOT'),
    };
  };
  return { root, run };
}

test('updates init writes a file that is valid and a schema, and never over another', async (t) => {
  const { run } = await makeFolder(t);
  const made = { code: 0, output: 'ROOT/updates.yaml\nROOT/updates.schema.json\n', errors: '' };
  assert.deepEqual(await run('init'), made);
  const valid = 'ROOT/updates.yaml: 2 rules, no mistakes\n';
  assert.deepEqual(await run('validate'), { code: 0, output: valid, errors: '' });
  const line =
    'cmk-courier: updates init: ROOT/updates.yaml is there already, and stays as it is (USAGE)\n';
  assert.deepEqual(await run('init'), { code: 2, output: '', errors: line });
});

const wrong = `hostlist: hosts.txt
groups:
  web: ['web[']
rules:
  - hosts: web01
    groups: wbe
    plugins:
      mk_apt: soon
      ../mk_apt: true
      courier-update: true
      mk_two: {from: a, content: b}
    updater:
      intervall: 1h
      restart: ['a b']
  - tags: prod
    format: rpm
    selfTest: 1.5s
    labels: 10
`;

test('every mistake is told with its line', async (t) => {
  const { run } = await makeFolder(t, wrong);
  assert.deepEqual((await run('validate')).output.split('\n'), [
    'ROOT/updates.yaml:1: unknown key "hostlist"; is hostList meant?',
    'ROOT/updates.yaml:3: web must be a host name Checkmk accepts, not "web["',
    'ROOT/updates.yaml:8: mk_apt must be a duration such as 10s, not "soon"',
    'ROOT/updates.yaml:11: mk_two wants from or content, not both',
    'ROOT/updates.yaml:13: unknown key "intervall"; is interval meant?',
    'ROOT/updates.yaml:14: restart must be names, not "a b"',
    'ROOT/updates.yaml:16: format must be tgz or deb',
    'ROOT/updates.yaml:17: selfTest must be whole seconds, not "1.5s"',
    "ROOT/updates.yaml:18: labels: 10 needs quotes: '10'",
    '',
  ]);
});

test('names that cannot be are told with their line, as groups are that do not exist', async (t) => {
  const { run } = await makeFolder(
    t,
    `groups: {web: web01}
rules:
  - groups: wbe
    plugins:
      ../mk_apt: true
      courier-update: true
    config:
      sub/my-file.cfg: {content: x}
      a b: {content: x}
`,
  );
  const { output } = await run('validate', '--json');
  assertDocument('updates validate', output);
  assert.deepEqual(JSON.parse(output), {
    path: 'ROOT/updates.yaml',
    rules: 0,
    problems: [
      { line: 3, message: 'no group "wbe"; there is web' },
      { line: 5, message: 'plugins.../mk_apt must be a name without a slash' },
      { line: 6, message: 'plugins.courier-update is a name that the updater has itself' },
      {
        line: 9,
        message:
          'config.a b: a path in a release has up to 90 letters, digits and _.,:@%+=- in each part, not "etc/9999999/a b"',
      },
    ],
    warnings: [],
  });
});

const layered = `hostList: hosts.txt
groups:
  web: ['web*']
rules:
  - name: production
    tags: prod
    labels: cmk/os:linux
    plugins:
      mk_apt: 4h
      mk_inventory.linux: false
    updater: {interval: 10m}
  - name: web
    groups: web
    plugins:
      mk_apt: true
      mk_apache: {from: plugins/mk_apache, confidential: true}
  - agent: auto
    updater: {interval: 1h, allow-http: true}
    plugins: {mk_inventory.linux: 1d}
`;

test('of each parameter the first rule counts that sets it, and explain tells which that was', async (t) => {
  const { run } = await makeFolder(t, layered);
  const web = `web01: prod cmk/os:linux
  agent                       auto                                    every host (ROOT/updates.yaml:17)
  plugins.mk_apache           from plugins/mk_apache, confidential    web (ROOT/updates.yaml:16)
  plugins.mk_apt              every 4h                                production (ROOT/updates.yaml:9)
  plugins.mk_inventory.linux  left out                                production (ROOT/updates.yaml:10)
  updater.allowHttp           yes                                     every host (ROOT/updates.yaml:18)
  updater.interval            600                                     production (ROOT/updates.yaml:11)
`.replace(/ {4}(every host|web|production) /g, ' $1 ');
  const squeeze = (text: string) => text.replace(/(\S) {2,}/g, '$1 ');
  assert.equal(squeeze((await run('explain', 'web01')).output), squeeze(web));
  const { output } = await run('explain', 'db01', '--json');
  assertDocument('updates explain', output);
  const db = JSON.parse(output);
  assert.deepEqual(db.passedOver, [
    { rule: 'production', line: 5, why: 'the host lacks the tag prod' },
    { rule: 'web', line: 12, why: 'the host is not in the group web' },
  ]);
  const nobody =
    'cmk-courier: updates explain: there is no host "x" in the list of hosts (USAGE)\n';
  assert.deepEqual(await run('explain', 'x'), { code: 2, output: '', errors: nobody });
});

test('without a list of hosts and away from a site it is said what is missing', async (t) => {
  const { run } = await makeFolder(t, 'rules: [{agent: auto}]\n');
  const line =
    'cmk-courier: updates explain: ROOT/updates.yaml names no `hostList`, a file of hosts, and --url is missing: this is not the user of a site (USAGE)\n';
  assert.deepEqual(await run('explain', 'web01'), { code: 2, output: '', errors: line });
});

test('the schema for editors is the one that is printed', async (t) => {
  const { root, run } = await makeFolder(t);
  await run('init');
  const context = makeCommandContext();
  await main(['updates', 'schema'], context);
  assert.equal(context.said.output, readFileSync(join(root, 'updates.schema.json'), 'utf8'));
});

test('on a site hosts, tags and labels are those of Setup', async (t) => {
  const site = new FakeSite();
  site.hosts.inherited = { tag_criticality: 'prod', labels: { 'cmk/os': 'linux' } };
  site.hosts.kept.set('web01', { folder: '/', attributes: { ipaddress: '192.0.2.7' } });
  site.hosts.kept.set('db01', { folder: '/', attributes: { tag_criticality: 'test', labels: {} } });
  const url = await serveSite(site, t);
  const rules = layered.replace('hostList: hosts.txt\n', '');
  const { root, run } = await makeFolder(t, rules);
  writeFileSync(join(root, 'secret'), 'not-so-secret', { mode: 0o600 });
  const access = [`--url=${url}`, `--secret-file=${root}/secret`, '--json'];
  const explain = async (host: string) =>
    JSON.parse((await run('explain', host, ...access)).output);
  const web = await explain('web01');
  assert.deepEqual([web.tags, web.labels], [['prod'], ['cmk/os:linux']]);
  assert.equal(web.parameters.length, 6);
  const db = await explain('db01');
  assert.deepEqual([db.tags, db.labels, db.passedOver.length], [['test'], [], 2]);
});

test('a stage that is over before a host can count as silent is warned of', async (t) => {
  const validate = async (yaml: string) => {
    const { run } = await makeFolder(t, yaml);
    return (await run('validate')).output.split('\n').slice(0, -2);
  };
  const stages = `stages:
  - {name: canary, hosts: [web01], soak: 3h}
  - {name: tenth, share: 10%, soak: 1h, next: by-hand}
  - {name: half, share: 50%, soak: 181m}
  - {name: all, soak: 0s}
`;
  const over = 'when the next stage is open already';
  assert.deepEqual(await validate(`rules: [{agent: auto}]\n${stages}`), [
    `ROOT/updates.yaml:3: warning: "canary" soaks for 3h only: a host that asks every 1h counts as silent after 3 times that, ${over}`,
  ]);
  const asking = (interval: string) => `rules: [{hosts: '*', updater: {interval: ${interval}}}]\n`;
  assert.deepEqual(await validate(`${asking('10m')}${stages}`), []);
  assert.deepEqual(
    (await validate(`${asking('2h')}${stages}`)).map((text) => text.slice(0, 46)),
    [
      'ROOT/updates.yaml:3: warning: "canary" soaks f',
      'ROOT/updates.yaml:5: warning: "half" soaks for',
    ],
  );
});

test('mistakes in stages and in folders are told with their lines', async (t) => {
  const validate = async (yaml: string) => {
    const { run } = await makeFolder(t, `${yaml}rules:\n  - agent: auto\n`);
    return (await run('validate')).output.split('\n').slice(0, -1);
  };
  const wrong =
    '  - {name: a, share: 5}\n  - {name: b, soak: 1.5ms, hold: 1}\n  - {name: c, folders: web}\n';
  assert.deepEqual(await validate(`stages:\n${wrong}`), [
    'ROOT/updates.yaml:2: share must be a share of the hosts, such as 5%',
    'ROOT/updates.yaml:3: soak must be whole seconds, a year at most, not "1.5ms"',
    'ROOT/updates.yaml:3: unknown key "hold"; there are name, share, soak, successes, failures, silent, next, hosts, groups, folders, sites, tags, labels',
    'ROOT/updates.yaml:4: folders must be a folder such as /servers, not "web"',
  ]);
  const shares = '  - {name: a, share: 5%}\n  - {name: a, share: 4%}\n  - {name: c, tags: prod}\n';
  assert.deepEqual(await validate(`stages:\n${shares}`), [
    'ROOT/updates.yaml:3: two stages have the name "a"',
    'ROOT/updates.yaml:4: the last stage must be for all hosts: without conditions, with a share of 100%',
  ]);
});
