import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { Present } from '../../src/spool/newest.ts';
import { putSpooled } from '../../src/spool/putting.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const output = '<<<check_mk>>>\nVersion: 2.4.0\n<<<df>>>\nroot 1\n';

/** A site with drops, and what `cmk-courier routes …` says in it. */
async function makeSite(t: TestContext, yaml?: string) {
  const root = await makeTempDir(t);
  const path = join(root, 'routes.yaml');
  if (yaml !== undefined) writeFileSync(path, yaml.replaceAll('ROOT', root));
  const run = async (...args: readonly string[]) => {
    const context = { ...makeCommandContext(), clock: systemClock };
    const code = await main(['routes', ...args, `--routes=${path}`], context);
    const clean = (text: string) => text.replaceAll(root, 'ROOT').replace(/\d+(?:ms|s)\b/g, 'TIME');
    return { code, output: clean(context.said.output), errors: clean(context.said.errors) };
  };
  const drop = (name: string, ageMs = 0) => {
    writeFileSync(join(root, name), output);
    const at = (Date.now() - ageMs) / 1000;
    utimesSync(join(root, name), at, at);
  };
  return { root, path, run, drop };
}

test('init writes a file that is valid and a schema, and never over another', async (t) => {
  const { path, root, run } = await makeSite(t);
  assert.deepEqual(await run('init'), {
    code: 0,
    output: 'ROOT/routes.yaml\nROOT/routes.schema.json\n',
    errors: '',
  });
  assert.equal((await run('validate')).output, 'ROOT/routes.yaml: 3 routes, no mistakes\n');
  const { output: schema } = await run('schema');
  assert.ok('routes' in JSON.parse(schema).properties);
  const written = JSON.parse(readFileSync(join(root, 'routes.schema.json'), 'utf8'));
  assert.deepEqual(Object.keys(written.properties), Object.keys(JSON.parse(schema).properties));
  writeFileSync(path, 'routes: []\n');
  const { code, errors } = await run('init');
  assert.deepEqual(
    [code, errors],
    [2, 'cmk-courier: routes: ROOT/routes.yaml is there already, and stays as it is (USAGE)\n'],
  );
  assert.equal(readFileSync(path, 'utf8'), 'routes: []\n');
});

test('validate names each mistake with its line, options of transports included', async (t) => {
  const { run } = await makeSite(
    t,
    `routes:
  - hosts: web01
    sources: { uri: 'https://depot/{host}', connectTimout: 5s }
  - hosts: web02
    sources: 'ftp://depot/{host}'
`,
  );
  const { code, output: said, errors } = await run('validate');
  assert.equal(code, 3);
  assert.match(
    said,
    /^ROOT\/routes\.yaml:3: unknown key "connectTimout" of http; is connectTimeout meant\?\nROOT\/routes\.yaml:5: no transport for "ftp:"; is sftp meant\?\n$/,
  );
  assert.match(errors, /^cmk-courier: routes: ROOT\/routes\.yaml:3: .*; and 1 more \(CONFIG\)\n$/);
});

test('of a file that is no YAML the first mistake is told, and how to mend it', async (t) => {
  const { run } = await makeSite(
    t,
    "routes:\n  - { hosts: web01, sources: ['https://depot/{host}', https://depot/{host}] }\n",
  );
  const { code, output: said } = await run('validate');
  assert.equal(code, 3);
  assert.match(
    said,
    /^ROOT\/routes\.yaml:2: .*; inside brackets, text with \{ \} \[ or \] needs quotes\n$/,
  );
});

test('validate finds an option its transport does not know', async (t) => {
  const { run } = await makeSite(
    t,
    `routes:
  - hosts: web01
    sources:
      - https://depot/{host}
      - { uri: 'https://depot/{host}', connectTimout: 5s }
      - { uri: 'https://depot/{host}', connectTimeout: soon }
`,
  );
  const { code, output: said, errors } = await run('validate', '--json');
  assert.equal(code, 3);
  const { problems } = JSON.parse(said);
  assert.deepEqual(
    problems.map(({ line }: { line: number }) => line),
    [5, 6],
  );
  assert.match(
    errors,
    /^cmk-courier: routes: ROOT\/routes\.yaml:5: .*connect.*; and 1 more \(CONFIG\)\n$/,
  );
});

const tagged = `
defaults: { maxAge: 2m }
routes:
  - { name: linux, hosts: 'web*', tags: [prod, '!offline'], sources: 'ssh://monitor@{address}' }
  - { hosts: '/web-[0-9]+/', sources: ['https://user@depot/{host}?key=1', ROOT/drop], pick: freshest }
`;

test('explain tells the route, why not those before it, and all that holds', async (t) => {
  const { run } = await makeSite(t, tagged);
  const chosen = await run('explain', 'web-1', '--tags=prod offline');
  assert.equal(chosen.code, 0);
  assert.match(
    chosen.output,
    /^ROOT\/routes\.yaml:4: linux: the host has the tag offline\nROOT\/routes\.yaml:5: \/web-\[0-9\]\+\/: is the route of web-1\n/,
  );
  assert.match(chosen.output, /\n {2}source 1 http https:\/\/user@depot\/web-1\?…\n/);
  assert.match(chosen.output, /\n {2}pick: freshest\n {2}maxAge: 2m\n/);
  assert.doesNotMatch(chosen.output, /key=/);
  const other = await run('explain', 'web-1', '--tags=prod');
  assert.match(
    other.output,
    /:4: linux: is the route of web-1\n {2}source 1 ssh ssh:\/\/monitor@\{address\}\n/,
  );
  const known = await run('explain', 'web-1', '--tags=prod', '--address=192.0.2.7');
  assert.match(known.output, /ssh:\/\/monitor@192\.0\.2\.7\n/);
});

test('explain of a host without a route says why, and fails', async (t) => {
  const { run } = await makeSite(t, tagged);
  assert.deepEqual(await run('explain', 'db01'), {
    code: 3,
    output:
      'ROOT/routes.yaml:4: linux: no pattern fits the name\nROOT/routes.yaml:5: /web-[0-9]+/: no pattern fits the name\ndb01 has no route\n',
    errors: 'cmk-courier: routes: ROOT/routes.yaml: no route fits "db01" (CONFIG)\n',
  });
  const { output: json } = await run('explain', 'db01', '--json');
  assert.deepEqual(
    JSON.parse(json).passedOver.map(({ line }: { line: number }) => line),
    [4, 5],
  );
});

test('test and the report tell what was passed over for the output', async (t) => {
  const { root, run, drop, path } = await makeSite(
    t,
    'routes: [{ hosts: web01, sources: [ROOT/drops/], report: local }]',
  );
  mkdirSync(join(root, 'drops'));
  drop('drops/older', 100_000);
  writeFileSync(join(root, 'drops/newer'), 'no output\n');
  const why = 'passed over newer (no section header in it; it begins with "no output")';
  const { output: line } = await run('test', 'web01');
  assert.ok(line.includes(`drops/: 46 bytes, 2 sections, 1mTIME old; ${why}\n`), line);
  const { output: json } = await run('test', 'web01', '--json');
  assert.equal(JSON.parse(json).sources[0].passedOver, why);
  const context = { ...makeCommandContext(), clock: systemClock };
  await main(['fetch', '--host=web01', `--routes=${path}`], context);
  assert.match(context.said.output, /drops\/older, passed over .*newer.* \(no section header/);
});

test('test asks every source and says what a fetch would come to', async (t) => {
  const port = await findFreePort();
  const { run, drop } = await makeSite(
    t,
    `
routes:
  - hosts: first
    sources: ['http://127.0.0.1:${port}/{host}', ROOT/old, ROOT/new]
  - { hosts: newest, pick: freshest, sources: [ROOT/old, ROOT/new] }
  - { hosts: none, sources: [ROOT/stale, 'tcp://{address}'] }
`,
  );
  drop('old', 100_000);
  drop('new');
  drop('stale', 900_000);
  const first = await run('test', 'first');
  assert.deepEqual([first.code, first.errors], [0, '']);
  assert.match(
    first.output,
    /^UNREACHABLE +TIME {2}http http:.*: connection refused\nOK +TIME {2}file file:\/\/ROOT\/old: 46 bytes, 2 sections, 1mTIME old\nOK .*new: .*\na fetch delivers the output of source 2\n$/,
  );
  assert.match(
    (await run('test', 'newest')).output,
    /\na fetch delivers the output of source 2\n$/,
  );
  const none = await run('test', 'none');
  assert.equal(none.code, 2);
  assert.match(
    none.output,
    /^STALE .*\nUSAGE .*tcp:\/\/\{address\}: .*has no address.*\na fetch fails: /,
  );
  assert.match(none.errors, /^cmk-courier: tcp: none: the source needs \{address\}/);
  const { output: json } = await run('test', 'none', '--json');
  const { sources, verdict, ...rest } = JSON.parse(json);
  assert.deepEqual(
    sources.map(({ code }: { code: string }) => code),
    ['STALE', 'USAGE'],
  );
  assert.deepEqual(
    [verdict, rest],
    [
      'a fetch fails: no source has good output',
      { route: 'none', with: [], delivered: { from: 'nothing' } },
    ],
  );
});

test('what is no verb, too little or too much is USAGE', async (t) => {
  const { run } = await makeSite(t, tagged);
  for (const [args, words] of [
    [[], 'a verb is missing; there are init, validate, explain, test, schema'],
    [['toString'], 'no verb "toString"; there are init, validate, explain, test, schema'],
    [['explain'], 'one HOST must be named, such as `routes explain web01`'],
    [['test', 'a', 'b'], 'one HOST must be named, such as `routes test web01`'],
    [['validate', 'x.yaml'], 'routes validate takes no "x.yaml"; --routes names a file'],
  ] as const) {
    assert.deepEqual(await run(...args), {
      code: 2,
      output: '',
      errors: `cmk-courier: routes: ${words} (USAGE)\n`,
    });
  }
});

test('test tells that kept output would stand in, and how old it is', async (t) => {
  const { root, run, drop } = await makeSite(
    t,
    "routes: [{ hosts: '*', grace: 30m, maxAge: 2m, sources: 'ROOT/{host}' }]\n",
  );
  const spool = join(root, 'spool');
  const nothing = await run('test', 'web01', `--spool=${spool}`);
  assert.equal(nothing.code, 9);
  assert.match(
    nothing.output,
    /\na fetch fails: no source has good output, and none is kept that may stand in for 30m \(grace\)\n$/,
  );
  const kept = {
    host: parseHostName('web01'),
    output: Buffer.from(output),
    producedAt: new Date(Date.now() - 12 * 60_000),
    receivedAt: new Date(),
    origin: 'fetch file',
  };
  await putSpooled(spool, kept, new Present(Date.now()));
  const graced = await run('test', 'web01', `--spool=${spool}`);
  assert.deepEqual([graced.code, graced.errors], [0, '']);
  assert.match(
    graced.output,
    /\na fetch delivers output that is kept and 12m(?:TIME)? old, marked as cached: no source has good output, and it may stand in for 30m \(grace\)\n$/,
  );
  const { output: json } = await run('test', 'web01', `--spool=${spool}`, '--json');
  const { delivered } = JSON.parse(json);
  assert.equal(delivered.from, 'grace');
  drop('web01');
  const fresh = await run('test', 'web01', `--spool=${spool}`);
  assert.match(fresh.output, /\na fetch delivers the output of source 1\n$/);
});

test('explain and test tell of sources beside the chain, and what would be added', async (t) => {
  const { root, run, drop } = await makeSite(
    t,
    "routes: [{ hosts: '*', maxAge: 2m, sources: 'ROOT/{host}', with: ['ROOT/{host}.more', { uri: 'ROOT/{host}.none', timeout: 5s }] }]\n",
  );
  drop('web01');
  writeFileSync(join(root, 'web01.more'), `${output}<<<more>>>\n1\n`);
  const explained = await run('explain', 'web01');
  assert.match(
    explained.output,
    /\n {2}source 1 file .*\/web01\n {2}with 1 file .*\/web01\.more\n {2}with 2 file .*\/web01\.none timeout=TIME\n/,
  );
  const tested = await run('test', 'web01');
  const [main, more, none, verdict] = tested.output.split('\n');
  assert.match(main ?? '', /^OK .* {2}file \S*\/web01: /);
  assert.match(more ?? '', /^OK .* {2}with file \S*\/web01\.more: \d+ bytes, \d sections/);
  assert.match(none ?? '', /^NO_OUTPUT .* {2}with file \S*\/web01\.none: /);
  assert.match(
    verdict ?? '',
    /^a fetch delivers the output of source 1; with 1 section of file \S*web01\.more, not its df, which is there already; without file \S*web01\.none \(NO_OUTPUT\)$/,
  );
  assert.equal(tested.code, 0);
});
