import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { skipWithoutMounts } from '../../peers/private-mounts.ts';
import {
  agentEnvironment,
  agentFile,
  type Directories,
  isRunning,
  runAgent,
  runInLibrary,
  type Shell,
  sectionLines,
  testInShells,
  writeScript,
} from './courier-agent-shells.ts';

const header = '<<<local:sep(0)>>>';

/** A script that hangs with a child and a grandchild, deaf to TERM, and notes their numbers. */
function writeHangingScript({ root, local }: Directories): void {
  writeScript(
    join(local, 'hangs'),
    `trap '' TERM`,
    `sh -c 'trap "" TERM; sleep 1000 & echo $! >>"${root}/pids"; echo $$ >>"${root}/pids"; wait' &`,
    `echo $$ >>'${root}/pids'`,
    `echo '0 "Before" - the hanging part'`,
    'wait',
    'sleep 1000',
  );
}

function readPids({ root }: Directories): string[] {
  const file = join(root, 'pids');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

/** Those that still run after a moment, as a killed process takes one to go. */
async function findSurvivors(pids: readonly string[]): Promise<string[]> {
  for (let attempt = 0; attempt < 20 && pids.some(isRunning); attempt++) await delay(50);
  return pids.filter(isRunning);
}

/** Command lines of all running processes, blanks between the arguments. */
function listCommands(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isRunning(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0').join(' ').trim();
      } catch {
        return '';
      }
    });
}

function startAgent(shell: Shell, directories: Directories): ChildProcess {
  return spawn(shell.file, [agentFile], {
    env: agentEnvironment(shell, directories),
    stdio: 'ignore',
  });
}

async function waitForPids(directories: Directories, count: number): Promise<string[]> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const pids = readPids(directories);
    if (pids.length === count) return pids;
    await delay(50);
  }
  assert.fail('the hanging script did not start');
}

testInShells('local scripts run in the order of their names', (shell, directories) => {
  const { local } = directories;
  writeScript(join(local, 'b'), `echo '0 "B" - fine'`);
  writeScript(join(local, '-rf'), `echo '0 "Dash" - fine'`);
  writeScript(join(local, 'a b*'), `echo '1 "A b" n=1;2;3 warned'`, `echo '2 "Two" - lines'`);
  assert.deepEqual(sectionLines(runAgent(shell, directories).stdout, header), [
    '0 "Dash" - fine',
    '1 "A b" n=1;2;3 warned',
    '2 "Two" - lines',
    '0 "B" - fine',
  ]);
});

testInShells('what is no local script is left alone', (shell, directories) => {
  const { local } = directories;
  for (const name of ['plain', '.hidden', 'old.dpkg-old', 'new.dpkg-new', 'temp.dpkg-temp']) {
    writeScript(join(local, name), `echo '0 "${name}" - ran'`);
  }
  chmodSync(join(local, 'plain'), 0o644);
  mkdirSync(join(local, '300'));
  writeScript(join(local, '300', 'cached'), `echo '0 "Cached" - ran'`);
  assert.deepEqual(sectionLines(runAgent(shell, directories).stdout, header), []);
});

testInShells('a failing or silent script does not touch the others', (shell, directories) => {
  const { local } = directories;
  writeScript(join(local, 'a-fails'), 'echo noise >&2', 'exit 3');
  writeScript(join(local, 'b-killed'), 'kill -9 $$');
  writeFileSync(join(local, 'c-no-interpreter'), '#!/nonexistent\n', { mode: 0o755 });
  writeScript(join(local, 'd-silent'), ':');
  writeScript(join(local, 'e-unfinished'), `printf '0 "Unfinished" - line'`);
  writeScript(join(local, 'f-last'), `printf '0 "Last" - \\377\\r'`);
  writeFileSync(join(directories.spool, 'next'), '<<<next>>>\n');
  const { stdout, stderr, status } = runAgent(shell, directories);
  assert.deepEqual(sectionLines(stdout, header), ['0 "Unfinished" - line', '0 "Last" - \xff\r']);
  assert.deepEqual(sectionLines(stdout, '<<<next>>>'), []);
  assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
});

testInShells('a script gets empty input, its directory and the settings', (shell, directories) => {
  const { root, local } = directories;
  writeScript(
    join(local, 'shows'),
    'cat',
    'echo "$(pwd) $0 $# $(umask)"',
    'echo "$MK_LIBDIR $MK_VARDIR $MK_CONFDIR $LC_ALL"',
  );
  assert.deepEqual(sectionLines(runAgent(shell, directories).stdout, header), [
    `${local} ./shows 0 0077`,
    `${root} ${root} /etc/check_mk C`,
  ]);
});

testInShells('without a local directory there is no local section', (shell, directories) => {
  const { stdout } = runAgent(shell, directories, { MK_LIBDIR: '/nonexistent' });
  assert.equal(stdout.includes(header), false);
});

testInShells('a hanging script is ended with all its descendants', async (shell, directories) => {
  writeHangingScript(directories);
  writeScript(join(directories.local, 'next'), `echo '0 "Next" - fine'`);
  const started = Date.now();
  const { stdout, status } = runAgent(shell, directories, { COURIER_AGENT_TIMEOUT: '1' });
  assert.deepEqual(sectionLines(stdout, header), [
    '0 "Before" - the hanging part',
    '0 "Next" - fine',
  ]);
  assert.equal(status, 0);
  assert.ok(Date.now() - started < 8000);
  assert.equal(readPids(directories).length, 3);
  assert.deepEqual(await findSurvivors(readPids(directories)), []);
});

testInShells('without setsid too, the descendants are found', async (shell, directories) => {
  writeHangingScript(directories);
  const hidden = `has() { [ "$1" != setsid ] && command -v "$1" >/dev/null 2>&1; }`;
  const script = `${hidden}\nCOURIER_AGENT_TIMEOUT=1\nmain`;
  const { stdout } = runInLibrary(shell, directories, script);
  assert.deepEqual(sectionLines(stdout, header), ['0 "Before" - the hanging part']);
  assert.equal(readPids(directories).length, 3);
  assert.deepEqual(await findSurvivors(readPids(directories)), []);
});

testInShells('what a finished script left running is ended', async (shell, directories) => {
  const { root, local } = directories;
  writeScript(
    join(local, 'leaves'),
    `sleep 1000 & echo $! >'${root}/pids'`,
    `echo '0 "Left" - fine'`,
  );
  const { stdout } = runAgent(shell, directories);
  assert.deepEqual(sectionLines(stdout, header), ['0 "Left" - fine']);
  assert.deepEqual(await findSurvivors(readPids(directories)), []);
});

testInShells('no watchdog outlives its script', (shell, directories) => {
  writeScript(join(directories.local, 'quick'), `echo '0 "Quick" - fine'`);
  runAgent(shell, directories, { COURIER_AGENT_TIMEOUT: '54321' });
  assert.deepEqual(
    listCommands().filter((command) => command.includes('54321')),
    [],
  );
});

testInShells('a signal ends the agent and the script it waits for', async (shell, directories) => {
  writeHangingScript(directories);
  const agent = startAgent(shell, directories);
  const exited = once(agent, 'exit');
  const pids = await waitForPids(directories, 3);
  agent.kill('SIGTERM');
  assert.deepEqual(await exited, [143, null]);
  assert.deepEqual(await findSurvivors(pids), []);
});

/** A signal that comes a moment too early is lost on a shell; only many runs show it. */
testInShells('many quick scripts never wait for the time limit', (shell, directories) => {
  for (let script = 0; script < 40; script += 1) {
    writeScript(join(directories.local, `quick${script}`), `echo '0 "Quick ${script}" - done'`);
  }
  const start = performance.now();
  for (let run = 0; run < 10; run += 1) {
    const { stdout } = runAgent(shell, directories, { COURIER_AGENT_TIMEOUT: '997' });
    assert.equal(stdout.split('- done').length, 41);
  }
  assert.ok(performance.now() - start < 300_000, 'a watchdog was not called off');
  const naps = listCommands().filter((command) => command === 'sleep 997');
  assert.deepEqual(naps, []);
});

testInShells(
  'without /proc local checks run, and nobody waits for their watchdogs',
  (shell, directories) => {
    if (skipWithoutMounts) return;
    for (const name of ['one', 'two', 'three']) {
      writeScript(join(directories.local, name), `echo '0 "${name}" - fine'`);
    }
    const script = 'mount -t tmpfs none /proc && exec "$@"';
    const { stdout, status } = spawnSync(
      'unshare',
      ['-m', '/bin/sh', '-c', script, 'sh', shell.file, agentFile],
      { encoding: 'latin1', env: agentEnvironment(shell, directories), timeout: 30_000 },
    );
    assert.equal(status, 0);
    assert.deepEqual(sectionLines(stdout, header).sort(), [
      '0 "one" - fine',
      '0 "three" - fine',
      '0 "two" - fine',
    ]);
  },
);
