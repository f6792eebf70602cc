/** `cmk-courier rule` against a REST API that is as strict as a site's. */

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { toMark } from '../../src/setup/rules/selection.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { FakeSite, problem, type SiteSettings, serveSite } from '../peers/checkmk-rest.ts';

const skip = skipWithout('python3');

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** A site, and the command `rule` run from another machine. */
async function makeSite(t: TestContext, settings?: SiteSettings) {
  const site = new FakeSite(settings);
  const url = await serveSite(site, t);
  const secretFile = join(await makeTempDir(t), 'automation.secret');
  writeFileSync(secretFile, 'not-so-secret\n', { mode: 0o600 });
  const access = [`--url=${url}`, `--secret-file=${secretFile}`];
  const rule = (verb: string, ...args: readonly string[]) =>
    runMain(['rule', verb, ...access, ...args]);
  return { site, url, secretFile, rule };
}

async function runMain(args: readonly string[], env = {}): Promise<Ended> {
  const { said, ...context } = makeCommandContext();
  const code = await main(args, { ...context, env, clock: systemClock });
  assert.doesNotMatch(`${said.output}${said.errors}`, /not-so-secret/);
  return { code, ...said };
}

const line = 'cmk-courier fetch --host=$HOSTNAME$ --address=$HOSTADDRESS$';

test('a rule is made at the top, found again, mended, and removed', { skip }, async (t) => {
  for (const version of ['2.3.0p41', '2.4.0p14', '2.5.0']) {
    const { site, rule } = await makeSite(t, { version });
    const foreign = site.rules.add({});
    const made = await rule('install', '--host=web01');
    assert.deepEqual(made, {
      code: 0,
      output:
        `made, at the top of /: host web01: ${line}\n` +
        `takes the place of rule ${foreign.id} "foreign" in / for hosts that fit both\n` +
        'not active yet: --activate does it, or Checkmk itself\n',
      errors: '',
    });
    const [own, ...others] = site.rules.kept;
    assert.deepEqual(others, [foreign]);
    assert.equal(own?.value_raw, `'${line}'`);
    assert.deepEqual(own?.conditions, { host_name: { match_on: ['web01'], operator: 'one_of' } });
    const again = await rule('install', '--host=web01');
    assert.match(again.output, /^there already: host web01: .*\ntakes the place of .*\n$/);
    assert.deepEqual(site.rules.kept, [own, foreign]);
    site.rules.kept = [
      foreign,
      { ...own, value_raw: "'true'", properties: { ...own?.properties, disabled: true } },
    ];
    const mended = await rule('install', '--host=web01');
    assert.match(mended.output, /^changed \(value, disabled\): .*\nmoved at the top of \/: /);
    assert.deepEqual(site.rules.kept, [own, foreign]);
    const removed = await rule('remove', '--host=web01');
    assert.equal(
      removed.output.split('\n')[0],
      `removed: rule ${own?.id} "cmk-courier" in /, for web01`,
    );
    assert.deepEqual(site.rules.kept, [foreign]);
    const nothing = await rule('remove', '--host=web01');
    assert.match(nothing.output, /^no rule of ours for exactly these hosts/);
  }
});

test('--dry-run changes nothing and says all of it', { skip }, async (t) => {
  const { site, rule } = await makeSite(t);
  const foreign = site.rules.add({ folder: '/web/prod' });
  const dry = await rule('install', '--folder=/web', '--dry-run');
  assert.equal(
    dry.output,
    `would be made, at the top of /web: every host in /web: ${line}\n` +
      `in its way: rule ${foreign.id} "foreign" in /web/prod comes first for hosts that fit both\n`,
  );
  assert.deepEqual(site.rules.kept, [foreign]);
  await rule('install', '--host=web01');
  const kept = site.rules.kept;
  const removal = await rule('remove', '--host=web01', '--dry-run');
  assert.match(removal.output, /^would be removed: rule \S+ "cmk-courier" in \/, for web01\n$/);
  assert.deepEqual(site.rules.kept, kept);
  assert.ok(site.asked.every((one) => !one.startsWith('DELETE')));
});

test('a rule for many stands below narrower ones of ours, in whatever order they are made', {
  skip,
}, async (t) => {
  const { site, rule } = await makeSite(t);
  await rule('install', '--host=web01');
  await rule('install', '--label=cmk-courier/way:push', '--ready');
  const all = await rule('install', '--folder=/');
  assert.match(all.output, /^made, below narrower rules of ours: every host: /);
  await rule('install', '--host=web02');
  const order = site.rules.kept.map(({ conditions }) => Object.keys(conditions).join());
  assert.deepEqual(order, ['host_name', 'host_name', 'host_label_groups', '']);
  for (const host of ['web01', 'web02', 'web01']) {
    assert.match((await rule('install', `--host=${host}`)).output, /^there already: /);
  }
  assert.equal(
    site.rules.kept[2]?.value_raw,
    "'cmk-courier-ready $HOSTNAME$ --address=$HOSTADDRESS$'",
  );
  assert.deepEqual(site.rules.kept[2]?.conditions['host_label_groups'], [
    { operator: 'and', label_group: [{ operator: 'and', label: 'cmk-courier/way:push' }] },
  ]);
  const again = await rule('install', '--folder=/');
  assert.match(again.output, /^there already: every host: /);
  const [, , labelled] = site.rules.kept;
  const group = [{ operator: 'not', label: 'cmk-courier/way:push' }];
  const conditions = { host_label_groups: [{ operator: 'and', label_group: group }] };
  site.rules.kept = site.rules.kept.map((one) => (one === labelled ? { ...one, conditions } : one));
  assert.match((await rule('show')).output, / {2}not cmk-courier\/way:push {2}/);
  const made = await rule('install', '--label=cmk-courier/way:push', '--ready');
  assert.match(made.output, /^made, below .*: every host with cmk-courier\/way:push: /);
  assert.deepEqual(site.rules.kept[2]?.conditions, labelled?.conditions);
});

test('a dry run tells what comes first as it would be, and ours that win elsewhere are named', {
  skip,
}, async (t) => {
  const { site, rule } = await makeSite(t);
  const foreign = site.rules.add({});
  const place = `takes the place of rule ${foreign.id} "foreign" in / for hosts that fit both\n`;
  const dry = await rule('install', '--host=web01', '--dry-run');
  assert.equal(dry.output, `would be made, at the top of /: host web01: ${line}\n${place}`);
  await rule('install', '--host=web01');
  const narrow = site.rules.kept[0]?.id;
  const folder = await rule('install', '--folder=/web', '--ready');
  const ours = `takes the place of rule ${narrow} "cmk-courier" in /, for web01 for hosts that fit both`;
  assert.equal(folder.output.split('\n')[1], ours);
  const again = await rule('install', '--host=web01');
  const wide = site.rules.kept.find(({ value_raw: value }) => value.includes('ready'))?.id;
  assert.equal(
    again.output,
    `there already: host web01: ${line}\nin its way: rule ${wide} "cmk-courier" in /web comes first for hosts that fit both\n${place}`,
  );
  await rule('install', '--folder=/web');
  assert.equal((await rule('install', '--host=web01')).output.split('\n')[1], place.trim());
  for (const args of [['--dry-run'], []]) {
    const none = await rule('install', '--folder=/none', ...args);
    const why = 'there is no folder /none; make it in Setup ▸ Hosts first (REFUSED)';
    assert.deepEqual(none, { code: 7, output: '', errors: `cmk-courier: rule: ${why}\n` });
  }
});

test('a rule of others above a narrower one of ours moves nothing to and fro', {
  skip,
}, async (t) => {
  const { site, rule } = await makeSite(t);
  await rule('install', '--host=web01');
  const foreign = site.rules.add({});
  site.rules.kept.reverse();
  const first = await rule('install', '--folder=/');
  assert.match(first.output, /^made, below narrower rules of ours: /);
  assert.match(first.output, new RegExp(`\nin its way: rule ${foreign.id} `));
  assert.match((await rule('install', '--folder=/')).output, /^there already: /);
  assert.match((await rule('install', '--host=web01')).output, /^moved at the top of \/: /);
  assert.match(
    (await rule('install', '--folder=/')).output,
    /^moved below narrower rules of ours: /,
  );
  assert.match((await rule('install', '--folder=/')).output, /^there already: /);
  assert.equal(site.rules.kept.at(-1)?.id, foreign.id);
});

test('only rules that may meet the hosts are told', { skip }, async (t) => {
  const { site, rule } = await makeSite(t);
  const named = (names: readonly string[], operator: string) => ({
    host_name: { match_on: names, operator },
  });
  site.rules.add({ folder: '/web', conditions: named(['db1'], 'one_of') });
  site.rules.add({ folder: '/web', conditions: named(['web01'], 'none_of') });
  site.rules.add({ folder: '/web', properties: { disabled: true } });
  const meets = site.rules.add({ folder: '/web', conditions: named(['~web'], 'one_of') });
  const { output } = await rule('install', '--host=web01', '--dry-run');
  const told = output.split('\n').filter((one) => one.startsWith('in its way'));
  assert.deepEqual(told, [
    `in its way: rule ${meets.id} "foreign" in /web, for ~web comes first for hosts that fit both`,
  ]);
});

test('sources and options of fetch stand behind --, and what fetch would refuse is refused', {
  skip,
}, async (t) => {
  const { site, rule } = await makeSite(t);
  const words = ['--max-age=15m', '--mail-subject=Checkmk {host}', 'imaps://checkmk@mail.example'];
  const made = await rule('install', '--host=web01', '--', ...words, '--password-file=/etc/pw');
  assert.equal(made.code, 0, made.errors);
  const end =
    "--max-age=15m '--mail-subject=Checkmk {host}' imaps://checkmk@mail.example --password-file=/etc/pw";
  assert.match(
    made.output,
    new RegExp(`^made, .*: ${`${line} ${end}`.replace(/[$.?{}]/g, '\\$&')}\n`),
  );
  const before = site.rules.kept;
  for (const [args, why] of [
    [['--no-such', 'https://x/'], /no-such/],
    [['--max-age=15m'], /a SOURCE is missing behind --/],
    [['--host=x', 'https://x/'], /the rule brings --host and --address itself/],
    [['https://x/$USER1$'], /a rule must hold no \$ and no control character/],
    [['https://x/a\nb'], /control character/],
    [['htps://x/'], /htps/],
  ] as const) {
    const refused = await rule('install', '--host=web02', '--', ...args);
    assert.equal(refused.code, 2, refused.errors);
    assert.match(refused.errors, why);
  }
  assert.deepEqual(site.rules.kept, before);
});

test('--special-agent makes the rule of the form', { skip }, async (t) => {
  const { site, rule } = await makeSite(t);
  const made = await rule('install', '--host=web01', '--special-agent');
  assert.match(made.output, /^made, at the top of \/: host web01: as the routes file says\n/);
  const [own] = site.rules.kept;
  assert.equal(own?.ruleset, 'special_agents:cmk_courier');
  assert.equal(own?.value_raw, "{'way': ('routes', {})}");
  const other = site.rules.add({ ruleset: 'special_agents:cmk_courier', folder: '/web' });
  const again = await rule('install', '--host=web01', '--special-agent');
  assert.match(again.output, /^there already: /);
  const counts = `counts as well: rule ${other.id} "foreign" in /web`;
  assert.equal(again.output.split('\n')[1], counts);
});

test('an expression may be whatever Python reads', async (t) => {
  const { rule } = await makeSite(t);
  const readable = [
    'web.*',
    '(?i)web',
    '(?P<n>a)(?P=n)',
    '(?#x)a(?>b|c)',
    '(?x-i:a)b*+',
    'a{1,2}+',
    '(?<=a)b(?<!c)',
    '(a)?(?(1)b|c)',
    '[*+]\\++',
    '\\(?P<',
    'ä|\\Aweb\\Z',
  ];
  for (const text of readable) {
    const dry = await rule('install', `--host=~${text}`, '--dry-run');
    assert.equal(dry.code, 0, `${text}: ${dry.errors}`);
  }
});

test('hosts have to be named, and nothing else is taken', async (t) => {
  const { rule } = await makeSite(t);
  const none = await rule('install');
  assert.equal(
    none.errors,
    'cmk-courier: rule: which hosts? --host, --label or --folder says it; --folder=/ is every host (USAGE)\n',
  );
  for (const args of [
    ['--host=../x'],
    ['--host=~web('],
    ['--host=~web**'],
    ['--host=~[z-a]'],
    ['--folder=/a b'],
    ['--label=x'],
    ['--user=../../etc'],
    ['--host=web01', '--special-agent', '--', 'https://x/'],
  ]) {
    assert.equal((await rule('install', ...args)).code, 2, args.join(' '));
  }
});

test('--activate activates what is ours, waits for the end, and never what is not', {
  skip,
}, async (t) => {
  const { site, rule } = await makeSite(t);
  site.activationRounds = 2;
  const done = await rule('install', '--host=web01', '--activate');
  assert.equal(done.output.split('\n').at(-2), 'activated');
  assert.equal(site.changes.length, 0);
  const again = await rule('install', '--host=web01', '--activate');
  assert.equal(again.output.split('\n').at(-2), 'nothing to activate');
  site.changes.push({ user_id: null, text: 'of the site itself' });
  site.interfere = ({ path }) =>
    path.startsWith('/objects/activation_run/') ? problem(404, 'Not Found', 'over') : undefined;
  const forgotten = await rule('remove', '--host=web01', '--activate');
  assert.equal(forgotten.output.split('\n').at(-2), 'activated');
  await rule('install', '--host=web01');
  const status = [{ site: 'mysite', state: 'error', status_text: 'disk full' }];
  site.interfere = ({ path }) =>
    path.startsWith('/objects/activation_run/')
      ? { status: 200, content: { extensions: { is_running: false, status_per_site: status } } }
      : undefined;
  const failed = await rule('install', '--host=web01', '--activate');
  assert.match(failed.errors, /activation failed on mysite: Checkmk says "disk full" \(PEER\)/);
  site.interfere = () => undefined;
  const before = site.activated.length;
  site.note('anna', 'Deleted host db1');
  const none = await rule('install', '--host=web01', '--activate');
  assert.equal(none.output.split('\n').at(-2), 'nothing to activate');
  const foreign = await rule('install', '--host=web02', '--activate');
  assert.equal(foreign.code, 8);
  assert.match(foreign.output, /^made, /);
  assert.equal(
    foreign.errors,
    'cmk-courier: rule: not activated: 1 changes of anna wait as well, such as "Deleted host db1"; activate them in Setup, or ask whose they are (PEER)\n',
  );
  assert.equal(site.activated.length, before);
  assert.ok(site.activated.flat().every(({ user_id: user }) => user !== 'anna'));
});

test('every refusal is a sentence', { skip }, async (t) => {
  const { site, rule, url, secretFile } = await makeSite(t);
  const refusals: readonly (readonly [number, string, number, RegExp])[] = [
    [401, 'POST', 7, /making the rule: automation is not let in: the secret is wrong.*"T: D"/],
    [403, 'POST', 7, /automation may not do that: it takes the permissions wato\.edit/],
    [409, 'POST', 8, /changes of others wait as well, or the site is busy/],
    [412, 'POST', 8, /somebody has changed it in the meantime; do it again/],
    [422, 'POST', 8, /there is nothing to do, or it cannot be done/],
    [423, 'POST', 8, /changes are being activated right now; do it again later/],
    [428, 'POST', 8, /the site wants to know which state is to be changed/],
    [500, 'POST', 8, /the site answered 500; Checkmk says "T: D"/],
    [503, 'GET', 5, /listing the rules: the site is stopped, or being started/],
    [400, 'POST', 8, /does not take the request as it is/],
  ];
  for (const [status, method, code, why] of refusals) {
    site.interfere = (asked) => (asked.method === method ? problem(status, 'T', 'D') : undefined);
    const ended = await rule('install', '--host=web01');
    assert.equal(ended.code, code, ended.errors);
    assert.match(ended.errors, why);
    assert.match(ended.errors, /^cmk-courier: rule: [^\n]*\n$/);
  }
  site.interfere = () => ({ status: 200, html: '<title>Login</title>' });
  assert.match((await rule('show')).errors, /the answer is no JSON; is --url that of a site\?/);
  site.interfere = () => undefined;
  site.users.set('automation', 'another');
  assert.equal((await rule('show')).code, 7);
  const elsewhere = await runMain(['rule', 'show', `--url=${url}2`, `--secret-file=${secretFile}`]);
  assert.match(
    elsewhere.errors,
    /there is no REST API at .*; is the site right, and is it running\?/,
  );
  // Nothing that --debug shows holds the secret: runMain looks.
  assert.match((await rule('show', '--debug')).errors, /asking the site/);
  const port = await findFreePort();
  const dead = `--url=http://127.0.0.1:${port}/mysite`;
  assert.equal((await runMain(['rule', 'show', dead, `--secret-file=${secretFile}`])).code, 5);
});

test('an edition without the rule set, or a site without the package, is told apart', async (t) => {
  const { site, rule } = await makeSite(t, { edition: 'cse' });
  site.rules.ruleSets.clear();
  const { code, errors } = await rule('install', '--host=web01');
  assert.equal(code, 7);
  assert.match(
    errors,
    /this site has no such rule set: datasource programs are not in the hosted edition/,
  );
  assert.match(errors, /mkp enable cmk_courier/);
});

test('a rule that cannot be moved does not stay where it never counts', { skip }, async (t) => {
  const { site, rule } = await makeSite(t);
  const foreign = site.rules.add({});
  site.interfere = ({ path }) => (path.includes('/move/') ? problem(412, 'T', 'D') : undefined);
  const ended = await rule('install', '--host=web01');
  assert.match(ended.errors, /moving the rule: somebody has changed it/);
  assert.deepEqual(site.rules.kept, [foreign]);
});

test('a rule that is there twice is told, and remove takes both', { skip }, async (t) => {
  const { site, rule } = await makeSite(t);
  await rule('install', '--host=web01');
  const [own] = site.rules.kept;
  const copy = site.rules.add({ ...own, id: 'copy' });
  const { output } = await rule('install', '--host=web01');
  assert.match(
    output,
    /^there already: .*\ntwice: rule copy in \/ is for the same hosts; remove one in Setup\n/,
  );
  await rule('remove', '--host=web01');
  assert.deepEqual(site.rules.kept, [], copy.id);
});

test('a copy that somebody made of our rule for other hosts stays theirs', { skip }, async (t) => {
  const { site, rule } = await makeSite(t);
  await rule('install', '--host=web01');
  const [own] = site.rules.kept;
  const conditions = { host_name: { match_on: ['web02'], operator: 'one_of' } };
  const copy = site.rules.add({ ...own, id: 'copy', conditions });
  const moved = site.rules.add({ ...own, id: 'moved', folder: '/web' });
  const left =
    'left alone: rule moved "cmk-courier" in /web, for web01 has the comment of this one, and was copied or changed in Setup\n' +
    'left alone: rule copy "cmk-courier" in /, for web02 has the comment of this one, and was copied or changed in Setup\n';
  const again = await rule('install', '--host=web01');
  assert.match(again.output, /^there already: host web01: /);
  assert.ok(again.output.endsWith(left), again.output);
  const removed = await rule('remove', '--host=web01');
  assert.ok(removed.output.startsWith(`${left}removed: rule ${own?.id} "cmk-courier" in /`));
  assert.deepEqual(site.rules.kept, [copy, moved]);
  const remade = await rule('install', '--host=web01');
  assert.match(remade.output, /^made, at the top of \/: host web01: /);
  assert.deepEqual(site.rules.kept.slice(1), [copy, moved]);
});

test('what people have written to our rule stays when it is changed', { skip }, async (t) => {
  const { site, rule } = await makeSite(t);
  await rule('install', '--host=web01');
  const [own] = site.rules.kept;
  const comment = `TICKET-7: ask Anna first. ${own?.properties['comment']}`;
  const properties = { description: 'the old one', comment, documentation_url: 'https://wiki/7' };
  site.rules.kept = [{ ...own, properties, value_raw: "'true'" } as never];
  const changed = await rule('install', '--host=web01');
  assert.match(changed.output, /^changed \(value\): /);
  assert.deepEqual(site.rules.kept[0]?.properties, { ...properties, disabled: false });
});

test('of two that make the same rule at once, one says so', { skip }, async (t) => {
  const { site, rule } = await makeSite(t);
  site.interfere = ({ method }) => {
    if (method !== 'POST') return undefined;
    site.interfere = () => undefined;
    const comment = toMark({ hosts: ['web01'], labels: [], folder: '/' });
    const conditions = { host_name: { match_on: ['web01'], operator: 'one_of' } };
    site.rules.add({ id: 'other', conditions, properties: { comment } });
    return undefined;
  };
  const { output } = await rule('install', '--host=web01');
  assert.match(output, /\ntwice: rule other in \/ is for the same hosts; remove one in Setup\n/);
});

test('what a site tells reaches a terminal without control characters', { skip }, async (t) => {
  const { site, rule } = await makeSite(t);
  const evil = '\u001b]0;x\u0007\u202e';
  const named = { host_name: { match_on: [evil], operator: 'one_of' } };
  const properties = { description: evil, comment: evil };
  site.rules.add({ folder: `/web${evil}`, conditions: named, properties, value_raw: `'${evil}'` });
  site.note(`anna${evil}`, evil);
  for (const args of [['show'], ['install', '--folder=/web', '--activate']]) {
    const [verb = '', ...options] = args;
    const ended = await rule(verb, ...options);
    assert.doesNotMatch(ended.output + ended.errors, /[^\n\P{Cc}]|\p{Cf}/u);
  }
});

test('show tells all rules in the order in which they count', { skip }, async (t) => {
  const { site, rule } = await makeSite(t);
  assert.equal((await rule('show')).output, 'datasource_programs: no rules\n');
  const foreign = site.rules.add({});
  const deep = site.rules.add({ folder: '/web', conditions: { host_tags: [{ key: 'x' }] } });
  await rule('install', '--host=web01');
  const own = site.rules.kept[0];
  const shown = await rule('show');
  assert.equal(
    shown.output,
    'datasource_programs, the first that fits a host counts:\n' +
      `1. /web  by tags  'cat /tmp/x'  ${deep.id}\n` +
      `2. /  web01  '${line}'  ${own?.id} (ours)\n` +
      `3. /  every host  'cat /tmp/x'  ${foreign.id}\n`,
  );
  assert.doesNotMatch((await rule('show', '--host=db1')).output, /web01/);
  const { output } = await rule('show', '--json');
  assertDocument('rule show', output);
  assert.equal(JSON.parse(output).rules[1].ours, true);
});

test('on the site neither URL nor secret has to be given', async (t) => {
  const { url } = await makeSite(t);
  const root = await makeTempDir(t);
  mkdirSync(join(root, 'etc/omd'), { recursive: true });
  mkdirSync(join(root, 'var/check_mk/web/automation'), { recursive: true });
  const { port } = new URL(url);
  writeFileSync(
    join(root, 'etc/omd/site.conf'),
    `CONFIG_APACHE_MODE='own'\nCONFIG_APACHE_TCP_ADDR='0.0.0.0'\nCONFIG_APACHE_TCP_PORT='${port}'\n`,
  );
  const env = { OMD_ROOT: root, OMD_SITE: 'mysite' };
  const missing = await runMain(['rule', 'show'], env);
  assert.equal(missing.code, 4);
  assert.match(
    missing.errors,
    /make an automation user in Setup, and give --user and --secret-file/,
  );
  const secret = join(root, 'var/check_mk/web/automation/automation.secret');
  writeFileSync(secret, 'not-so-secret\n', { mode: 0o600 });
  assert.equal((await runMain(['rule', 'show'], env)).output, 'datasource_programs: no rules\n');
  const dry = await runMain(['rule', 'install', '--host=web01', '--dry-run', '--ready'], env);
  assert.equal(
    dry.output.split('\n').at(-2),
    'the site has no ~/local/bin/cmk-courier-ready yet: until then the host has no data',
  );
  mkdirSync(join(root, 'local/bin'), { recursive: true });
  writeFileSync(join(root, 'local/bin/cmk-courier-ready'), '', { mode: 0o755 });
  const there = await runMain(['rule', 'install', '--host=web01', '--dry-run', '--ready'], env);
  assert.match(there.output, /^would be made.*\n$/);
  chmodSync(secret, 0o666);
  assert.equal((await runMain(['rule', 'show'], env)).code, 3);
  const alone = await runMain(['rule', 'show']);
  assert.match(alone.errors, /--url is missing: this is not the user of a site/);
});
