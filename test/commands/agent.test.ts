import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { answerJson, startApi } from '../special-agents/running.ts';

/** Runs a command line of the program in a place of its own. */
async function call(config: string, ...args: readonly string[]) {
  const { said, ...context } = makeCommandContext();
  const io = { ...context, clock: systemClock, env: { XDG_CONFIG_HOME: config } };
  const code = await main(['agent', ...args], io);
  return { code, ...said };
}

const recipe = `
recipe: 1
title: Example array
parameters:
  url:      { type: url, default: 'http://{address}:1' }
  password: { type: secret, required: true }
steps:
  - name: login
    post: '{url}/login'
    form: { password: '{password}' }
    keep: { key: { from: body.key, secret: true } }
  - name: nodes
    get: '{url}/nodes'
    headers: { X-Key: '{key}' }
    records: records
sections:
  - name: example_nodes
    separator: 0
    each: nodes
    json: '{ "name": name }'
`;

test('a recipe of our own is laid down, listed, shown and checked', async (t) => {
  const config = await makeTempDir(t);
  const path = join(config, 'cmk-courier/agents/my_array.yaml');
  const schema = join(config, 'cmk-courier/agents/recipe.schema.json');
  assert.deepEqual(await call(config, 'init', 'my_array'), {
    code: 0,
    output: `${path}\n${schema}\n`,
    errors: '',
  });
  assert.match(
    await readFile(path, 'utf8'),
    /^# yaml-language-server: \$schema=recipe\.schema\.json\n/,
  );
  assert.equal(
    await readFile(schema, 'utf8'),
    await readFile('docs/json/recipe.schema.json', 'utf8'),
  );
  const again = await call(config, 'init', 'my_array');
  assert.equal(again.errors, `cmk-courier: agent: ${path} is there already (LOCAL)\n`);
  const listed = await call(config, 'list');
  assert.ok(listed.output.split('\n').includes(`${'my_array'.padEnd(20)} own recipe ${path}`));
  const shown = await call(config, 'show', 'my_array');
  assert.match(shown.output, /^asks {6}nodes: GET \{url\}\/api\/v1\/nodes$/m);
  for (const word of [path, 'my_array']) {
    const checked = await call(config, 'validate', word);
    assert.deepEqual(checked, { code: 0, output: `${path}: a good recipe\n`, errors: '' });
  }
  const mistyped = await call(config, 'validate', 'my_aray');
  assert.equal(
    mistyped.errors,
    'cmk-courier: agent: no special agent "my_aray"; is my_array meant? (USAGE)\n',
  );
  const coded = await call(config, 'validate', 'vsphere');
  assert.equal(coded.errors, 'cmk-courier: agent: vsphere is no recipe (USAGE)\n');
  assert.deepEqual(await call(config, 'show', path), shown);
});

test('a run that fails is recorded with its options, in place of what was there', async (t) => {
  const config = await makeTempDir(t);
  const [path, recording] = [join(config, 'example.yaml'), join(config, 'recording')];
  await writeFile(path, recipe);
  await mkdir(recording);
  await writeFile(join(recording, '0007-nodes.txt'), '> GET http://x/nodes\n< 200\n\n{}');
  const { origin } = await startApi(t, (_, response) => answerJson(response, { why: 'no' }, 403));
  const passwordFile = join(config, 'password');
  await writeFile(passwordFile, 'right-horse', { mode: 0o600 });
  const given = [`--url=${origin}`, `--password-file=${passwordFile}`];
  const missing = await call(config, 'record', path, `--to=${recording}`, '--own-service=none');
  assert.equal(missing.code, 2);
  assert.deepEqual(await readdir(recording), ['0007-nodes.txt']);
  const recorded = await call(config, 'record', path, `--to=${recording}`, ...given);
  assert.equal(recorded.code, 7);
  const files = await readdir(recording);
  assert.deepEqual(files.sort(), ['0001-login.txt', 'call.json']);
  const played = await call(config, 'test', path, `--from=${recording}`);
  assert.deepEqual(played, recorded);
});

test('every mistake in a recipe is told with its line', async (t) => {
  const config = await makeTempDir(t);
  const path = join(config, 'bad.yaml');
  const wrong = `recipe: 1
title: x
parameters:
  url: { type: url }
  url2: { type: uri }
steps:
  - name: nodes
    gett: '{url}/x'
  - name: disks
    get: '{url}/{itemm}'
    after: [later]
sections:
  - name: a b
    each: nodes
    json: $
    piggyback: name
`;
  await writeFile(path, wrong);
  const { code, output, errors } = await call(config, 'validate', path);
  assert.equal(code, 3);
  assert.equal(errors, 'cmk-courier: agent: 5 mistakes (CONFIG)\n');
  assert.deepEqual(
    output.split('\n').map((line) => line.replace(`${path}:`, '')),
    [
      '5: type must be text, url, secret, number, duration, switch, choice, choices or list',
      '7: steps 1 must have one of get, post, put, patch, delete, dialogue',
      '8: unknown key "gett"; is get meant?',
      '13: name must be letters, digits and _',
      '13: sections 1 piggyback needs hosts: patterns that say for whom, and hosts piggyback',
      '',
    ],
  );
});

test('names and expressions are checked as well', async (t) => {
  const config = await makeTempDir(t);
  const path = join(config, 'bad.yaml');
  const head = 'recipe: 1\ntitle: x\nparameters:\n  url: { type: url }\nsteps:\n  - name: nodes\n';
  const tail = 'sections:\n  - name: a\n    each: "nodes["\n    json: $\n';
  await writeFile(path, `${head}    get: '{urll}/x'\n${tail}`);
  const named = await call(config, 'validate', path);
  assert.equal(named.output, `${path}:6: unknown name {urll}; is url meant?\n`);
  await writeFile(path, `${head}    get: '{url}/x'\n${tail}`);
  const placed = await call(config, 'validate', path);
  assert.equal(
    placed.output,
    `${path}:10: each: expression "nodes[": Expected "]" before end of expression (at character 6)\n`,
  );
});

test('a recording holds no secret, and what is made of it is what was made of the answers', async (t) => {
  const config = await makeTempDir(t);
  const agents = join(config, 'cmk-courier/agents');
  await mkdir(agents, { recursive: true });
  await writeFile(join(agents, 'example.yaml'), recipe);
  const [password, key] = [
    `p ${randomBytes(9).toString('base64')}`,
    randomBytes(9).toString('hex'),
  ];
  const passwordFile = join(config, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  const { origin } = await startApi(t, ({ line }, response) => {
    if (line.startsWith('POST')) {
      response.setHeader('set-cookie', `session=${key}`);
      return answerJson(response, { key });
    }
    answerJson(response, { records: [{ name: 'node1' }, { name: `echo ${key}` }] });
  });
  const recording = join(config, 'recording');
  const given = [`--url=${origin}`, `--password-file=${passwordFile}`, '--own-service=none'];
  const recorded = await call(config, 'record', 'example', `--to=${recording}`, ...given);
  assert.equal(recorded.code, 0, recorded.errors);
  const files = await readdir(recording);
  assert.deepEqual(files.sort(), ['0001-login.txt', '0002-nodes.txt', 'call.json', 'expected.txt']);
  for (const file of files) {
    const text = await readFile(join(recording, file), 'utf8');
    const forms = [password, encodeURIComponent(password), password.replaceAll(' ', '+'), key];
    for (const form of forms) assert.ok(!text.includes(form), `${file} holds a secret`);
  }
  const played = await call(config, 'test', 'example', `--from=${recording}`, '--verbose');
  assert.match(
    played.output,
    /^<<<example_nodes:sep\(0\)>>>\n\{"name":"node1"\}\n\{"name":"echo \[secret\]"\}\n/,
  );
  assert.match(played.errors, /nodes: GET http:\/\/127\.0\.0\.1:\d+\/nodes → 200, \d+ bytes: /);
  assert.match(played.errors, /nodes: 2 records, the first: \{"name":"node1"\}$/m);
});

test('what differs from what is expected is told with its line, until it is renewed', async (t) => {
  const config = await makeTempDir(t);
  const path = join(config, 'example.yaml');
  await writeFile(path, recipe);
  const recording = join(config, 'recording');
  await mkdir(recording);
  await writeFile(
    join(recording, '0001-login.txt'),
    '> POST http://x/login\n< 200\n\n{"key":"abcd"}',
  );
  const nodes =
    '> GET http://x/nodes\n< 200\n< content-type: application/json\n\n{"records":[{"name":"n1"}]}';
  await writeFile(join(recording, '0002-nodes.txt'), nodes);
  await writeFile(join(recording, 'expected.txt'), '<<<example_nodes:sep(0)>>>\n{"name":"n2"}\n');
  const args = ['test', path, `--from=${recording}`, '--own-service=none'];
  const different = await call(config, ...args);
  assert.equal(different.code, 12);
  assert.equal(
    different.errors,
    `cmk-courier: agent: example: not what is expected: line 2 is "{'name':'n1'}", expected is "{'name':'n2'}" (MALFORMED)\n`.replaceAll(
      "'",
      '"',
    ),
  );
  assert.equal((await call(config, ...args, '--renew')).code, 0);
  assert.equal((await call(config, ...args)).code, 0);
});
