/** `cmk-courier setup`, in a fake site, without anybody to ask and on a terminal. */

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { start } from '../helpers/run-program.ts';
import { scriptArguments, sourceUrl } from '../helpers/run-script.ts';
import { makeSiteTree } from '../peers/site-tree.ts';

const skip = skipWithout('python3');

async function setUp(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const { said, ...context } = makeCommandContext();
  const code = await main(['setup', ...args], { ...context, env, clock: systemClock });
  assert.doesNotMatch(`${said.output}${said.errors}`, /not-so-secret/);
  return { code, ...said };
}

const routesOf = (root: string) => join(root, 'etc/cmk-courier/routes.yaml');

/** Durations differ, and so do the names of directories and rules. */
function plain(output: string, root: string): readonly string[] {
  return output
    .replaceAll(root, 'SITE')
    .replace(/^(OK +)\S+/gm, 'OK  ')
    .replace(/\b\d+ms old/g, 'new')
    .replace(/[\d.]+m?s old/g, 'new')
    .trimEnd()
    .split('\n');
}

const rule = 'cmk-courier fetch --host=$HOSTNAME$ --address=$HOSTADDRESS$';

test('--yes does every step, and says each before', { skip }, async (t) => {
  const { site, root, env, source } = await makeSiteTree(t);
  const done = await setUp(env, 'web01', '--yes', '--', source, '--max-age=1h');
  assert.equal(done.errors, '');
  assert.deepEqual(plain(done.output, root), [
    'site mysite, Checkmk 2.4.0p14, edition Raw',
    '',
    'trying the route of web01:',
    'OK    file file://SITE/drops/web01.txt: 47 bytes, 2 sections, new',
    'a fetch delivers the output of source 1',
    '',
    'routes: this goes into SITE/etc/cmk-courier/routes.yaml (a new file):',
    '- name: web01',
    '  hosts: web01',
    '  sources:',
    '    - SITE/drops/{host}.txt',
    '  maxAge: 1h',
    'wrote SITE/etc/cmk-courier/routes.yaml',
    '',
    'host: would be made: host web01 in /',
    'made: host web01 in /',
    '',
    'rule:',
    `would be made, at the top of /: host web01: ${rule}`,
    `made, at the top of /: host web01: ${rule}`,
    '',
    'activation: of changes of ours only',
    'activated',
    '',
    'a look: cmk -vvd web01',
    '2 sections, the first is <<<check_mk>>>',
  ]);
  assert.equal(statSync(routesOf(root)).mode & 0o777, 0o640);
  assert.deepEqual([...site.hosts.kept.keys()], ['web01']);
  assert.equal(site.rules.kept.length, 1);
  assert.deepEqual(await readdir(join(root, 'tmp')), ['.keep']);
});

test('done again, it changes nothing', { skip }, async (t) => {
  const { site, root, env, source } = await makeSiteTree(t);
  await setUp(env, 'web01', '--yes', '--', source);
  const before = readFileSync(routesOf(root), 'utf8');
  const again = await setUp(env, 'web01', '--yes', '--', source);
  assert.equal(again.code, 0);
  const lines = plain(again.output, root);
  for (const line of [
    'routes: SITE/etc/cmk-courier/routes.yaml:4 has a route for web01; it stays as it is',
    'host: web01 is in Checkmk',
    `there already: host web01: ${rule}`,
    'nothing to activate',
  ]) {
    assert.ok(lines.includes(line), line);
  }
  assert.equal(readFileSync(routesOf(root), 'utf8'), before);
  assert.equal(site.rules.kept.length, 1);
});

test('--dry-run tries the source and changes nothing', { skip }, async (t) => {
  const { site, root, env, source } = await makeSiteTree(t);
  const dry = await setUp(env, 'web01', '--dry-run', '--collect', '--', source);
  assert.equal(dry.code, 0, dry.errors);
  assert.match(
    dry.output,
    /\nOK .*\n[\s\S]*would be made: host web01[\s\S]*would be made, at the top of \/: host web01: cmk-courier-ready/,
  );
  assert.match(dry.output, /\n {2}every: 1m\n/);
  assert.equal(existsSync(routesOf(root)), false);
  assert.equal(existsSync(join(root, 'cmk.log')), false);
  assert.deepEqual([site.hosts.kept.size, site.rules.kept.length, site.changes.length], [0, 0, 0]);
});

test('sources that are not used, since the host has a route, are told', async (t) => {
  const { root, env, source } = await makeSiteTree(t);
  await setUp(env, 'web01', '--yes', '--', source);
  const dry = await setUp(env, 'web01', '--dry-run', '--', `${root}/other/{host}`);
  const line =
    'routes: SITE/etc/cmk-courier/routes.yaml:4 has a route for web01; it stays as it is; it has other sources, and those given here are not used';
  assert.ok(plain(dry.output, root).includes(line), dry.output);
});

test('a route that no collector asks for is told', async (t) => {
  const { root, env, source } = await makeSiteTree(t);
  await setUp(env, 'web01', '--yes', '--', source);
  const dry = await setUp(env, 'web01', '--dry-run', '--collect', '--', source);
  const route =
    'routes: SITE/etc/cmk-courier/routes.yaml:4 has a route for web01; it stays as it is';
  const lack = `${route}; until it says how often (every: 1m), the collector does not ask`;
  assert.ok(plain(dry.output, root).includes(lack), dry.output);
});

test('a source that fails stops it before anything is written', async (t) => {
  const { site, root, env } = await makeSiteTree(t);
  const failed = await setUp(env, 'web01', '--yes', '--', `${root}/drops/{host}.gone`);
  assert.equal(failed.code, 9);
  assert.match(failed.output, /a fetch fails: no source has good output\n$/);
  assert.equal(existsSync(routesOf(root)), false);
  assert.equal(site.rules.kept.length, 0);
});

test('a route goes in front of the one the host had, and every other byte stays', {
  skip,
}, async (t) => {
  const { root, env, source } = await makeSiteTree(t);
  const begin =
    '# mine\ndefaults: { maxAge: 5m }  # odd   spacing\nroutes:\n  - { name: db, hosts: db1, sources: /x }\n\n';
  const end =
    '  # about the web servers\n  - name: web\n    hosts: [web*]\n    sources:   /nowhere/{host}\n\n  - hosts: "*"\n    sources: tcp://{address}\n# end';
  await mkdir(join(root, 'etc/cmk-courier'));
  await writeFile(routesOf(root), begin + end, { mode: 0o600 });
  const done = await setUp(env, 'web01', '--yes', '--', source);
  assert.equal(done.errors, '');
  const added = `  - name: web01\n    hosts: web01\n    sources:\n      - ${source}\n\n`;
  assert.equal(readFileSync(routesOf(root), 'utf8'), begin + added + end);
  assert.equal(statSync(routesOf(root)).mode & 0o777, 0o600);
});

test('a file it cannot add to is left alone, and what to add is said', async (t) => {
  const { root, env, source } = await makeSiteTree(t);
  await mkdir(join(root, 'etc/cmk-courier'));
  for (const [text, why] of [
    ['routes: [{ hosts: db1, sources: /x }]\n', /its routes are not a list with one "- " a line/],
    ['routes:\n  - hosts: db1\n    sorces: /x\n', /line 2 is wrong|line 3 is wrong/],
  ] as const) {
    writeFileSync(routesOf(root), text, { mode: 0o600 });
    const { output } = await setUp(env, 'web01', '--dry-run', '--', source);
    assert.match(output, why);
    assert.match(output, /Add to its routes:\n- name: web01\n {2}hosts: web01\n/);
    assert.equal(readFileSync(routesOf(root), 'utf8'), text);
    const stopped = await setUp(env, 'web01', '--yes', '--', source);
    assert.match(stopped.errors, /the route of web01 has to be added by hand first \(CONFIG\)/);
  }
  writeFileSync(routesOf(root), 'routes: []\n');
  assert.equal((await setUp(env, 'web01', '--dry-run', '--', source)).code, 0);
  chmodSync(routesOf(root), 0o666);
  const refused = await setUp(env, 'web01', '--dry-run', '--', source);
  assert.match(refused.errors, /others may change .*routes\.yaml.*\(CONFIG\)/);
});

test('options and alternatives become those of the route and its sources', async (t) => {
  const { root, env, source } = await makeSiteTree(t);
  const words = [
    source,
    '--grace=30m',
    '--or',
    'https://depot.example/{host}',
    '--ca=/ca.pem',
    '--timeout=5s',
  ];
  const { output } = await setUp(env, 'web01', '--dry-run', '--', ...words);
  const route = [
    '- name: web01',
    '  hosts: web01',
    '  sources:',
    '    - SITE/drops/{host}.txt',
    '    - uri: https://depot.example/{host}',
    '      ca: /ca.pem',
    '      timeout: 5s',
    '  grace: 30m',
  ];
  assert.ok(plain(output, root).join('\n').includes(route.join('\n')), output);
  const wrong = await setUp(env, 'web01', '--dry-run', '--', '--host=x', source);
  assert.match(wrong.errors, /--host has no place in a route/);
});

test('without the secret the rule is told to be made by hand, and all else is done', async (t) => {
  const { root, env, source } = await makeSiteTree(t);
  const done = await setUp(env, 'web01', '--yes', '--user=nobody', '--', source);
  assert.equal(done.code, 0, done.errors);
  assert.match(
    done.output,
    /rule: reading --secret-file .*: the secret of nobody is not to be had here/,
  );
  assert.ok(
    done.output.includes(
      `make it by hand: Setup ▸ Agents ▸ Other integrations, for web01: ${rule}`,
    ),
  );
  assert.match(done.output, /2 sections, the first is <<<check_mk>>>\n$/);
  assert.ok(existsSync(routesOf(root)));
});

test('what Checkmk does not get is a fault at the end', { skip }, async (t) => {
  const { root, env, source } = await makeSiteTree(t);
  await writeFile(join(root, 'bin/cmk'), '#!/bin/sh\necho nothing >&2\nexit 1\n');
  const failed = await setUp(env, 'web01', '--yes', '--', source);
  assert.equal(failed.code, 4);
  assert.match(failed.errors, /cmk -vvd web01: exit code 1: "nothing" \(LOCAL\)\n$/);
  await writeFile(join(root, 'bin/cmk'), '#!/bin/sh\necho hello\n');
  const empty = await setUp(env, 'web01', '--yes', '--', source);
  assert.match(
    empty.errors,
    /cmk -vvd web01 shows no section; `cmk-courier fetch -v --host=web01` says more/,
  );
});

test('without the program where the site looks for it, no rule is made', async (t) => {
  const { root, env, source } = await makeSiteTree(t);
  await rm(join(root, 'bin/cmk-courier'));
  const { code, errors } = await setUp(env, 'web01', '--yes', '--', source);
  assert.equal(code, 4);
  assert.match(errors, /there is no ~\/local\/bin\/cmk-courier .*mkp enable cmk_courier_program/);
});

test('what is written wrong is told as an option or argument, before anything is tried', async (t) => {
  const { env } = await makeSiteTree(t);
  const wrong = {
    '--max-age must be a duration such as 10s, not "1"': ['web01', '--', '--max-age=1', '/x'],
    'HOST must be a host name Checkmk accepts, not "we b"': ['we b', '--', '/x'],
  };
  for (const [why, args] of Object.entries(wrong)) {
    assert.equal((await setUp(env, ...args)).errors, `cmk-courier: setup: ${why} (USAGE)\n`);
  }
});

test('outside of a site, and without an answer, it says what is missing', async (t) => {
  const { env, source } = await makeSiteTree(t);
  assert.match(
    (await setUp({})).errors,
    /this is not the user of a site; do it as that: omd su SITE/,
  );
  assert.match(
    (await setUp(env, '--yes')).errors,
    /HOST is missing; without --yes it is asked for/,
  );
  assert.match((await setUp(env, 'web01', '--yes')).errors, /-- SOURCE is missing/);
  assert.match(
    (await setUp(env, 'web01', '--yes', '--', '--max-age=1h')).errors,
    /a SOURCE is missing/,
  );
  const address = await setUp(env, 'web01', '--yes', '--', source, 'tcp://{address}');
  assert.match(address.errors, /--address is missing/);
});

const skipTerminal = skip || skipWithout('script');

/** What the assistant says to somebody who types these answers. */
async function answer(
  { root, env }: { readonly root: string; readonly env: object },
  answers: readonly string[],
) {
  const lines = scriptArguments(`
    const { main } = await import(${sourceUrl('main.ts')});
    const { systemClock } = await import(${sourceUrl('clock.ts')});
    const io = {
      env: ${JSON.stringify(env)},
      clock: systemClock,
      shutdown: new AbortController().signal,
      readInput: async () => Buffer.alloc(0),
      writeOutput: async (bytes) => void process.stdout.write(bytes),
      writeError: (text) => void process.stdout.write(text),
    };
    process.exitCode = await main(['setup'], io);`);
  const words = [process.execPath, ...lines].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const program = join(root, 'program');
  await writeFile(program, `#!/bin/sh\nexec ${words.join(' ')}\n`, { mode: 0o755 });
  const typed = answers.map((answer) => `${answer}\n`).join('');
  await writeFile(join(root, 'typed'), typed);
  const typing = `script -qec ${program} /dev/null <${join(root, 'typed')}`;
  const { stdout, code } = await start('/bin/sh', ['-c', typing]).ended;
  const output = stdout.toString().replaceAll('\r\n', '\n');
  assert.equal(code, 0, output);
  return output;
}

test('who wants no collector after all gets a rule that needs none', {
  skip: skipTerminal,
}, async (t) => {
  const place = await makeSiteTree(t);
  // Host, number of the way, source; collector: yes; write; install it: no; host; rule; and the rest.
  const answers = ['web01', '2', place.source, 'y', 'y', 'n', '', '', 'n', ''];
  const output = await answer(place, answers);
  assert.match(output, /no collector: the site fetches by itself\n/);
  assert.equal(place.site.rules.kept[0]?.value_raw, `'${rule}'`);
});

test('on a terminal it asks, shows, and does what is agreed to', {
  skip: skipTerminal,
}, async (t) => {
  const { site, root, env, source } = await makeSiteTree(t);
  // Host, number of the way, source; collector: no; write; make host; rule; not activated; a look.
  const answers = ['web01', '2', source, '', 'y', '', 'yes', 'n', ''];
  const output = await answer({ root, env }, answers);
  assert.match(output, /name of a host in Checkmk: /);
  assert.match(output, / {2}3 {2}the agent port of the host \(tcp:\/\/\{address\}\)\n/);
  assert.match(output, /source and its options, such as \/var\/drops\/\{host\}\.txt: /);
  assert.match(output, /use it\? \[y\/N\] /);
  assert.match(output, /activate\? \[Y\/n\] /);
  assert.match(output, /2 sections, the first is <<<check_mk>>>\n/);
  assert.equal(site.rules.kept.length, 1);
  assert.equal(site.activated.length, 0);
  assert.ok(existsSync(routesOf(root)));
});
