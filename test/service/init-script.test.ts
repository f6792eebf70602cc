/** The init script as a site runs it, with a small program in the place of ours. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { initScript } from '../../src/service/init-script.ts';
import { services } from '../../src/service/service.ts';
import { findProgram, writeScript } from '../agents/host/courier-agent-shells.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** Stays until it is ended, and writes down what it hears. */
const stays = `#!/bin/sh
trap 'echo hup >> "$OMD_ROOT/heard"' HUP
trap 'echo term >> "$OMD_ROOT/heard"; exit 0' TERM
echo "$*" >> "$OMD_ROOT/heard"
while :; do sleep 0.1; done
`;

async function makeSite(t: TestContext, shell: string, program = stays) {
  const root = await makeTempDir(t);
  const [script, fake] = [join(root, 'init'), join(root, "cmk-courier's own")];
  const { collect } = services;
  // A fake makes no socket, so it is up when it runs.
  writeFileSync(script, initScript({ ...collect, socket: undefined }, fake));
  writeScript(fake, program);
  const run = (verb: string) => {
    const args = shell === 'busybox' ? ['busybox', 'sh'] : [shell];
    const [file = '', ...rest] = [...args, script, verb];
    const ended = spawnSync(file, rest, {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], OMD_ROOT: root },
      timeout: 60_000,
    });
    return `${ended.status} ${ended.stdout}${ended.stderr}`;
  };
  t.after(() => run('stop'));
  const heard = () => readFileSync(join(root, 'heard'), 'utf8');
  const pidFile = join(root, 'tmp/run/cmk-courier-collect.pid');
  return { root, run, heard, pidFile };
}

for (const shell of ['dash', 'busybox', 'bash']) {
  const skip = findProgram(shell) === undefined && `${shell} is not installed`;

  test(`${shell}: it starts once, tells how it is, reloads and stops`, { skip }, async (t) => {
    const { run, heard, pidFile } = await makeSite(t, shell);
    assert.equal(run('status'), '1 Checking cmk-courier-collect... stopped\n');
    assert.equal(run('start'), '0 Starting cmk-courier-collect...OK\n');
    const pid = readFileSync(pidFile, 'utf8');
    assert.equal(run('start'), '0 Starting cmk-courier-collect... already running\n');
    assert.equal(readFileSync(pidFile, 'utf8'), pid);
    assert.equal(run('status'), '0 Checking cmk-courier-collect... running\n');
    assert.equal(run('reload'), '0 Reloading cmk-courier-collect...OK\n');
    while (!heard().includes('hup')) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(run('stop'), '0 Stopping cmk-courier-collect...OK\n');
    assert.equal(heard(), 'collect\nhup\nterm\n');
    assert.equal(existsSync(pidFile), false);
    assert.equal(run('status'), '1 Checking cmk-courier-collect... stopped\n');
    assert.equal(run('stop'), '0 Stopping cmk-courier-collect... not running\n');
    assert.match(run('bogus'), /^2 usage: /);
  });

  test(`${shell}: restarting makes another process`, { skip }, async (t) => {
    const { run, pidFile } = await makeSite(t, shell);
    run('start');
    const pid = readFileSync(pidFile, 'utf8');
    assert.match(run('restart'), /^0 Stopping .*OK\nStarting .*OK\n$/);
    assert.notEqual(readFileSync(pidFile, 'utf8'), pid);
  });

  test(`${shell}: a program that dies at once is told with its last words`, { skip }, async (t) => {
    const dies = '#!/bin/sh\necho "cmk-courier: collect: no routes (CONFIG)" >&2\nexit 3\n';
    const { run } = await makeSite(t, shell, dies);
    assert.equal(
      run('start'),
      '1 Starting cmk-courier-collect... failed: cmk-courier: collect: no routes (CONFIG)\n',
    );
  });

  test(`${shell}: a pid that another process has by now is not touched`, { skip }, async (t) => {
    const { root, run, pidFile } = await makeSite(t, shell);
    const stranger = spawn('sleep', ['60']);
    t.after(() => stranger.kill('SIGKILL'));
    mkdirSync(join(root, 'tmp/run'), { recursive: true });
    writeFileSync(pidFile, `${stranger.pid}\n`);
    assert.equal(run('status'), '1 Checking cmk-courier-collect... stopped\n');
    assert.equal(run('stop'), '0 Stopping cmk-courier-collect... not running\n');
    assert.equal(stranger.exitCode, null);
    process.kill(stranger.pid ?? 0, 0);
  });
}

test('shellcheck finds nothing', async (t) => {
  if (findProgram('shellcheck') === undefined) return t.skip('shellcheck is not installed');
  for (const service of Object.values(services)) {
    const input = initScript(service, "/x/it's/cmk-courier");
    const checked = spawnSync('shellcheck', ['-s', 'sh', '-'], { input, encoding: 'utf8' });
    assert.deepEqual([checked.stdout, checked.status], ['', 0]);
  }
});
