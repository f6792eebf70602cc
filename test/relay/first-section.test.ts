/** The commands of docs/relay.md, as they stand there, from nothing to the first section. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { courier, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { startReceiver } from '../receiver/running-receiver.ts';
import { until } from './running-relay.ts';

const page = readFileSync(new URL('../../docs/relay.md', import.meta.url), 'utf8');
const [, part = ''] = page.split('<!-- first-section -->');
const commands = [...part.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) =>
  block.replaceAll('\\\n', '').trim().split('\n'),
);

test('five commands lead from nothing to the first section', { timeout: 60_000 }, async (t) => {
  assert.equal(commands.length, 5);
  const receiver = await startReceiver(t);
  const directory = await makeTempDir(t);
  const agent = join(directory, 'agent');
  writeFileSync(agent, '#!/bin/sh\necho "<<<check_mk>>>"\necho "Version: 2.4.0"\n', {
    mode: 0o755,
  });
  // A site has its own directories, and the program in its PATH.
  const root = join(directory, 'site');
  mkdirSync(join(root, 'var/cmk-courier'), { recursive: true });
  for (const [name, own] of [
    ['receiver', 'state'],
    ['spool', 'spool'],
  ] as const) {
    symlinkSync(join(receiver.directory, own), join(root, 'var/cmk-courier', name));
  }
  copyFileSync(join(receiver.certificates.directory, 'ca.pem'), join(directory, 'ca.pem'));
  const env = { OMD_ROOT: root, PATH: `${dirname(courier)}:${process.env['PATH']}` };
  const [token = '', routes = '', collect = '', status = '', fetch = ''] = commands.map((line) =>
    line
      .replace('monitor.example:8000', `127.0.0.1:${receiver.port}`)
      .replace('/usr/bin/check_mk_agent', agent),
  );
  const run = (command: string) =>
    spawnSync('sh', ['-c', `umask 077; ${command}`], { cwd: directory, env, encoding: 'utf8' });
  for (const command of [token, routes]) assert.equal(run(command).stderr, '');
  const relay = start('sh', ['-c', `umask 077; exec ${collect}`], { cwd: directory, env });
  t.after(async () => {
    process.kill(relay.pid);
    await relay.ended;
  });
  await until(async () => (await receiver.readOutput('far-web01')) !== undefined);
  assert.match(run(status).stdout, /^relay far1: heard of \d+m?s ago, 1 host, 0 waiting, version /);
  assert.equal(run(fetch).stdout, '<<<check_mk>>>\nVersion: 2.4.0\n');
});
