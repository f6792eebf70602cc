/** The commands of docs/relay.md, as they stand there, from nothing to the first section. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { courier, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { startReceiver } from '../receiver/running-receiver.ts';
import { until } from './running-relay.ts';

const page = readFileSync(new URL('../../docs/relay.md', import.meta.url), 'utf8');
const timeout = 60_000;

/** Those of one part of the page. */
function commandsOf(name: string): readonly string[] {
  const [, part = ''] = page.split(new RegExp(`<!-- /?${name} -->`));
  return [...part.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) =>
    block.replaceAll('\\\n', '').trim().split('\n'),
  );
}

/** A site with a receiver, and a directory in which the commands are run, for the relay as well. */
async function makePlace(t: TestContext) {
  const receiver = await startReceiver(t);
  const directory = await makeTempDir(t);
  const agent = join(directory, 'agent');
  writeFileSync(agent, '#!/bin/sh\necho "<<<check_mk>>>"\necho "Version: 2.4.0"\n', {
    mode: 0o755,
  });
  // A site has its own directories, and the program in its PATH.
  const root = join(directory, 'site');
  mkdirSync(join(root, 'var/cmk-courier'), { recursive: true });
  mkdirSync(join(root, 'etc/cmk-courier'), { recursive: true });
  for (const [place, own] of [
    ['var/cmk-courier/receiver', 'state'],
    ['var/cmk-courier/spool', 'spool'],
    ['etc/cmk-courier/certs', 'certificates'],
  ] as const) {
    symlinkSync(join(receiver.directory, own), join(root, place));
  }
  copyFileSync(join(receiver.certificates.directory, 'ca.pem'), join(directory, 'ca.pem'));
  const env = { OMD_ROOT: root, PATH: `${dirname(courier)}:${process.env['PATH']}` };
  const fit = (line: string) =>
    line
      .replace('monitor.example:8000', `127.0.0.1:${receiver.port}`)
      .replace('/usr/bin/check_mk_agent', agent);
  const run = (command: string) => {
    const script = `umask 077; ${fit(command)}`;
    return spawnSync('sh', ['-c', script], { cwd: directory, env, encoding: 'utf8' });
  };
  const collect = (command: string) => {
    const script = `umask 077; exec ${fit(command)}`;
    const relay = start('sh', ['-c', script], { cwd: directory, env });
    t.after(async () => {
      process.kill(relay.pid);
      await relay.ended;
    });
  };
  return { receiver, run, collect };
}

const output = '<<<check_mk>>>\nVersion: 2.4.0\n';
const [token = '', routes = '', collect = '', status = '', fetch = '', ...more] =
  commandsOf('first-section');

test('five commands lead from nothing to the first section', { timeout }, async (t) => {
  assert.deepEqual(more, []);
  const place = await makePlace(t);
  for (const command of [token, routes]) assert.equal(place.run(command).stderr, '');
  place.collect(collect);
  await until(async () => (await place.receiver.readOutput('far-web01')) !== undefined);
  assert.match(
    place.run(status).stdout,
    /^relay far1: heard of \d+m?s ago, 1 host, 0 waiting, version /,
  );
  assert.equal(place.run(fetch).stdout, output);
});

test('a certificate does in place of the token, until it is revoked', { timeout }, async (t) => {
  const [request = '', certificate = '', withIt = ''] = commandsOf('certificate');
  const place = await makePlace(t);
  assert.equal(place.run(routes.replace('every: 1m', 'every: 1s')).stderr, '');
  assert.equal(place.run(request).status, 0);
  assert.equal(place.run(certificate).stderr, '');
  place.collect(withIt);
  await until(async () => (await place.receiver.readOutput('far-web01')) === output);
  const { accesses } = JSON.parse(place.run('cmk-courier hosts list --json').stdout);
  const { stdout } = place.run(`cmk-courier hosts revoke ${accesses[0].id}`);
  assert.match(stdout, /^revoked \S+, 1 certificate\nrevoked certificate \S+ "far1" for far-\*\n$/);
  const told = () => place.run('cmk-courier status --ready=ready').stdout;
  await until(() => /401 "Unauthorized", the client certificate .* \(REFUSED\)/.test(told()));
});
