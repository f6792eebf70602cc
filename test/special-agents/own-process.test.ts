/** A recipe as a source runs in a process of its own: what it does there costs only its own sections. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readCommandLines } from '../helpers/command-lines.ts';
import { courier, runCourier } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { answerJson, startApi } from './running.ts';

const recipe = `recipe: 1
title: eats
parameters:
  url: { type: url, required: true }
  password: { type: secret, required: true }
http: { user: monitor, password: '{password}' }
limits: { memory: 200MiB, expression: 30s }
steps:
  - { name: nodes, get: '{url}/nodes' }
sections:
  - { name: eaten, separator: 0, each: '$map([1..300000], function($i) { [1..1000] })', json: $ }
`;

test('with: a recipe that eats memory costs its own sections, and its secret is nowhere', async (t) => {
  const secret = 'canary-horse-battery';
  const seen: string[] = [];
  const { origin } = await startApi(t, async ({ headers }, response) => {
    seen.push(...(await readCommandLines()));
    answerJson(response, { said: headers.authorization });
  });
  const root = await makeTempDir(t);
  const agents = join(root, 'etc/cmk-courier/agents');
  mkdirSync(agents, { recursive: true });
  writeFileSync(join(agents, 'eater.yaml'), recipe);
  writeFileSync(join(root, 'secret'), secret, { mode: 0o600 });
  writeFileSync(join(root, 'main.txt'), '<<<check_mk>>>\nVersion: 2.5.0\n');
  const { code, stdout, stderr } = await runCourier(
    [
      ...['fetch', '-v', '--host=web1', join(root, 'main.txt'), '--with=agent:eater'],
      ...[`--url=${origin}`, `--password-file=${join(root, 'secret')}`],
    ],
    { env: { ...process.env, OMD_ROOT: root } },
  );
  const output = stdout.toString();
  assert.equal(code, 0, stderr);
  assert.match(output, /<<<check_mk>>>\nVersion: 2\.5\.0\n/);
  assert.match(output + stderr, /it takes more than 200 MiB of memory/);
  assert.ok(
    seen.some((line) => line.includes(' agent eater ')),
    seen.join('\n'),
  );
  const basic = Buffer.from(`monitor:${secret}`).toString('base64');
  for (const text of [...seen, output, stderr]) {
    assert.ok(!text.includes(secret) && !text.includes(basic), text);
  }
});

/** A site with a recipe of its own, and a system that it asks. */
async function makeSimpleSite(t: TestContext): Promise<string> {
  const { origin } = await startApi(t, (_, response) => answerJson(response, { state: 'fine' }));
  const root = await makeTempDir(t);
  const etc = join(root, 'etc/cmk-courier');
  mkdirSync(join(etc, 'agents'), { recursive: true });
  const simple = `recipe: 1
title: simple
steps: [{ name: state, get: '${origin}/state' }]
sections: [{ name: simple, separator: 0, each: state, json: $ }]
`;
  writeFileSync(join(etc, 'agents/simple.yaml'), simple);
  const routes = 'routes:\n  - { hosts: [web01, web02], sources: agent:simple, every: 5s }\n';
  writeFileSync(join(etc, 'routes.yaml'), routes);
  return root;
}

const simpleSection = /<<<simple:sep\(0\)>>>\n\{"state":"fine"\}\n/;

test('the collector has many threads, and the process of an agent its own few', async (t) => {
  const root = await makeSimpleSite(t);
  const { code, stdout, stderr } = await runCourier(['fetch', '--host=web01', 'agent:simple'], {
    env: { ...process.env, OMD_ROOT: root, UV_THREADPOOL_SIZE: '512' },
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout.toString(), simpleSection);
});

test('the collector lays ready what a recipe makes, for every host', async (t) => {
  const root = await makeSimpleSite(t);
  const env = { ...process.env, OMD_ROOT: root };
  const collector = spawn(courier, ['collect'], { env, stdio: 'ignore' });
  t.after(() => collector.kill());
  const ready = (host: string) => join(root, 'tmp/cmk-courier/ready', host);
  const isReady = (host: string) =>
    existsSync(ready(host)) && simpleSection.test(readFileSync(ready(host), 'utf8'));
  await waitUntil(() => isReady('web01') && isReady('web02'));
});
