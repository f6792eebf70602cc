/** A recipe as a source runs in a process of its own: what it does there costs only its own sections. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCommandLines } from '../helpers/command-lines.ts';
import { runCourier } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
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
