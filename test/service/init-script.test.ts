/** The init script as a site runs it, with a small program in the place of ours. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { initScript } from '../../src/service/init-script.ts';
import { services } from '../../src/service/service.ts';
import {
  findProgram,
  isRunning,
  type Shell,
  testInShells,
  writeScript,
} from '../agents/host/courier-agent-shells.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { Site } from './site.ts';

const isUp = `echo '{"level":"info","msg":"collecting"}'`;

/** Stays until it is ended, and writes down what it hears. */
const stays = `
case "$*" in
  *--check) [ ! -e "$OMD_ROOT/broken" ] || { cat "$OMD_ROOT/broken" >&2; exit 3; }; exit 0 ;;
esac
trap 'echo hup >> "$OMD_ROOT/heard"' HUP
trap 'echo term >> "$OMD_ROOT/heard"; exit 0' TERM
echo "$*" >> "$OMD_ROOT/heard"
${isUp}
while :; do sleep 0.1; done
`;

const staysDeaf = `trap '' TERM\n${isUp}\nwhile :; do sleep 0.1; done`;

/** Lends a site whose program is a script of these lines; nothing of it runs on afterwards. */
function testInSites(
  name: string,
  program: string,
  use: (site: Site, program: string) => void | Promise<void>,
): void {
  testInShells(name, async (shell: Shell, { root }) => {
    const site = new Site(root, shell);
    const file = join(root, "cmk-courier's own");
    writeScript(file, program);
    site.install([file]);
    try {
      await use(site, file);
    } finally {
      site.run('stop');
    }
  });
}

function pidOf(site: Site): string {
  return readFileSync(site.pidFile, 'utf8').trim();
}

testInSites('it starts once, tells how it is, reloads and stops', stays, async (site) => {
  assert.equal(site.run('status'), '1 Checking cmk-courier-collect... stopped\n');
  assert.equal(site.run('start'), '0 Starting cmk-courier-collect...OK\n');
  const pid = pidOf(site);
  assert.equal(site.run('start'), '0 Starting cmk-courier-collect... already running\n');
  assert.equal(pidOf(site), pid);
  assert.equal(site.run('status'), '0 Checking cmk-courier-collect... running\n');
  assert.equal(site.run('reload'), '0 Reloading cmk-courier-collect...OK\n');
  await waitUntil(() => site.read('heard').includes('hup'));
  assert.equal(site.run('stop'), '0 Stopping cmk-courier-collect...OK\n');
  assert.equal(site.read('heard'), 'collect\nhup\nterm\n');
  assert.deepEqual([existsSync(site.pidFile), isRunning(pid)], [false, false]);
});

testInSites('a reload that would fail, fails and says why', stays, async (site) => {
  assert.equal(site.run('start'), '0 Starting cmk-courier-collect...OK\n');
  const line = 'cmk-courier: collect: routes.yaml:3: unknown key "hots" (CONFIG)\n';
  writeFileSync(join(site.root, 'broken'), line);
  assert.equal(
    site.run('reload'),
    `1 Reloading cmk-courier-collect... failed, all stays as it is: ${line}`,
  );
  rmSync(join(site.root, 'broken'));
  assert.equal(site.run('reload'), '0 Reloading cmk-courier-collect...OK\n');
  await waitUntil(() => site.read('heard').includes('hup'));
  assert.equal(site.read('heard'), 'collect\nhup\n');
});

testInSites('what does not run is stopped already, and cannot be reloaded', stays, (site) => {
  assert.equal(site.run('status'), '1 Checking cmk-courier-collect... stopped\n');
  assert.equal(site.run('stop'), '0 Stopping cmk-courier-collect... not running\n');
  assert.equal(site.run('reload'), '1 Reloading cmk-courier-collect... not running\n');
  assert.equal(existsSync(join(site.root, 'heard')), false);
  assert.match(site.run('bogus'), /^2 usage: .* start\|stop\|restart\|reload\|status\n$/);
});

testInSites('restarting makes another process, and starts one that does not run', stays, (site) => {
  const start = 'Starting cmk-courier-collect...OK\n';
  const idle = 'Stopping cmk-courier-collect... not running\n';
  assert.equal(site.run('restart'), `0 ${idle}${start}`);
  const pid = pidOf(site);
  assert.equal(site.run('restart'), `0 Stopping cmk-courier-collect...OK\n${start}`);
  assert.notEqual(pidOf(site), pid);
});

testInSites(
  'a program that dies at once is told with its last words',
  'echo "cmk-courier: collect: no routes (CONFIG)" >&2; exit 3',
  (site) => {
    assert.equal(
      site.run('start'),
      '1 Starting cmk-courier-collect... failed: cmk-courier: collect: no routes (CONFIG)\n',
    );
    assert.equal(existsSync(site.pidFile), false);
  },
);

testInSites('a program that is not there is told', stays, (site) => {
  site.install([join(site.root, 'gone')]);
  assert.match(site.run('start'), /^1 Starting .*\.\.\. failed: .*No such file or directory\n$/);
});

testInSites(
  'it counts as started when it says so itself, this time',
  `until [ -e "$OMD_ROOT/go" ]; do sleep 0.1; done\n${stays}`,
  async (site) => {
    mkdirSync(join(site.root, 'var/log'), { recursive: true });
    writeFileSync(site.logFile, '{"level":"info","msg":"collecting"}\n');
    const { ended, hasEnded } = site.begin('start');
    await waitUntil(() => existsSync(site.pidFile));
    assert.equal(hasEnded(), false);
    writeFileSync(join(site.root, 'go'), '');
    assert.equal(await ended, '0 Starting cmk-courier-collect...OK\n');
  },
);

testInSites(
  'one that does not come up in time is told, and can be stopped',
  stays.replace(isUp, ''),
  (site) => {
    site.install([join(site.root, "cmk-courier's own")], (text) =>
      text.replace('start_seconds=30', 'start_seconds=0'),
    );
    const expected = `Starting cmk-courier-collect... not up after 0 seconds, see ${site.logFile}`;
    assert.equal(site.run('start'), `1 ${expected}\n`);
    assert.equal(site.run('status'), '0 Checking cmk-courier-collect... running\n');
    assert.equal(site.run('stop'), '0 Stopping cmk-courier-collect...OK\n');
  },
);

testInSites('one that does not listen is killed', staysDeaf, (site, program) => {
  site.install([program], (text) => text.replace('stop_seconds=35', 'stop_seconds=0'));
  assert.equal(site.run('start'), '0 Starting cmk-courier-collect...OK\n');
  const pid = pidOf(site);
  assert.equal(site.run('stop'), '0 Stopping cmk-courier-collect...OK\n');
  assert.equal(isRunning(pid), false);
});

testInSites('a process that has its pid by now is not touched', stays, (site) => {
  const stranger = spawn('sleep', ['600']);
  try {
    mkdirSync(join(site.root, 'tmp/run'), { recursive: true });
    for (const word of ['status', 'reload', 'stop']) {
      writeFileSync(site.pidFile, `${stranger.pid}\n`);
      assert.match(site.run(word), word === 'stop' ? /^0 .*not running/ : /^1 /);
    }
    writeFileSync(site.pidFile, `${stranger.pid}\n`);
    assert.equal(site.run('restart').startsWith('0 '), true);
    assert.notEqual(pidOf(site), String(stranger.pid));
    assert.equal(isRunning(String(stranger.pid)), true);
  } finally {
    stranger.kill('SIGKILL');
  }
});

testInSites('a pid file of rubbish is no running service', stays, (site) => {
  mkdirSync(join(site.root, 'tmp/run'), { recursive: true });
  for (const rubbish of ['', '\n', '-1\n', '1 2\n', '../self\n', '99999999\n']) {
    writeFileSync(site.pidFile, rubbish);
    assert.equal(site.run('status'), '1 Checking cmk-courier-collect... stopped\n', rubbish);
  }
  assert.equal(site.run('start'), '0 Starting cmk-courier-collect...OK\n');
});

testInSites('what another installation has started is still known', stays, (site, program) => {
  assert.equal(site.run('start'), '0 Starting cmk-courier-collect...OK\n');
  site.install([`/new/place${program.slice(program.lastIndexOf('/'))}`]);
  assert.equal(site.run('status'), '0 Checking cmk-courier-collect... running\n');
  assert.equal(site.run('stop'), '0 Stopping cmk-courier-collect...OK\n');
});

testInShells('a site that was moved brings its program along', (shell, { root }) => {
  const [before, after] = [join(root, 'before'), join(root, 'after')];
  mkdirSync(before);
  writeScript(join(before, 'cmk-courier'), stays);
  new Site(before, shell).install([join(before, 'cmk-courier')]);
  renameSync(before, after);
  const moved = new Site(after, shell);
  try {
    assert.equal(moved.run('start'), '0 Starting cmk-courier-collect...OK\n');
  } finally {
    assert.equal(moved.run('stop'), '0 Stopping cmk-courier-collect...OK\n');
  }
});

testInShells('outside of a site it does nothing', (shell, { root }) => {
  const script = join(root, 'init');
  writeFileSync(script, initScript(services.collect, ['/nowhere/cmk-courier'], root));
  const env = { PATH: shell.path };
  const ended = spawnSync(shell.file, [script, 'start'], { encoding: 'utf8', env });
  assert.notEqual(ended.status, 0);
  assert.match(ended.stderr, /OMD_ROOT/);
});

test('shellcheck finds nothing', (t: TestContext) => {
  if (findProgram('shellcheck') === undefined) return t.skip('shellcheck is not installed');
  for (const service of Object.values(services)) {
    const input = initScript(service, ['/x/node', "/site/it's/cmk-courier.cjs"], '/site');
    const checked = spawnSync('shellcheck', ['-s', 'sh', '-'], { input, encoding: 'utf8' });
    assert.deepEqual([checked.stdout, checked.status], ['', 0]);
  }
});
