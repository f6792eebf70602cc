/** A receiver and a collector that may open few files. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { initCertificates } from '../../src/certs/store.ts';
import { courier } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** Starts the program with a limit and ends it as soon as it says so; resolves with its log. */
function runWithLimit(t: TestContext, limit: number, args: readonly string[], until: string) {
  const line = `ulimit -n ${limit}; exec "$@"`;
  const child = spawn('sh', ['-c', line, 'sh', courier, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  t.after(() => void child.kill('SIGKILL'));
  return new Promise<string>((resolve) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes(until)) child.kill('SIGTERM');
    });
    child.on('close', () => resolve(said));
  });
}

test('a receiver says how many connections it has room for, and needs room for one', async (t) => {
  const directory = await makeTempDir(t);
  const certificates = join(directory, 'certs');
  await initCertificates(certificates, { site: 'test', names: [] });
  const places = ['spool', 'state'].map((name) => `--${name}=${join(directory, name)}`);
  const args = ['receive', '--site=test', '--listen=127.0.0.1:0', `--certificates=${certificates}`];
  const run = (limit: number) => runWithLimit(t, limit, [...args, ...places], 'hosts can send');
  assert.match(
    await run(60),
    /"msg":"only 60 files may be open \(ulimit -n\): \d connections at once instead of 4096"/,
  );
  assert.match(
    await run(40),
    /^cmk-courier: receive: only 40 files may be open \(ulimit -n\), at least \d\d are needed \(LOCAL\)\n$/,
  );
});

test('a collector says how many fetches it has room for, and needs room for one', async (t) => {
  const directory = await makeTempDir(t);
  const routes = join(directory, 'routes.yaml');
  writeFileSync(routes, 'routes:\n  - { hosts: web01, sources: /nowhere, every: 1m }\n');
  const places = ['ready', 'spool'].map((name) => `--${name}=${join(directory, name)}`);
  const args = ['collect', `--routes=${routes}`, ...places];
  const run = (limit: number) => runWithLimit(t, limit, args, '"msg":"collecting"');
  assert.match(
    await run(80),
    /"msg":"only 80 files may be open \(ulimit -n\): \d fetches at once instead of 128"/,
  );
  assert.match(
    await run(45),
    /^cmk-courier: collect: only 45 files may be open \(ulimit -n\), at least \d\d are needed \(LOCAL\)\n$/,
  );
});
