import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'node:test';
import {
  agentFile,
  findProgram,
  runAgent,
  runInLibrary,
  sectionLines,
  testInShells,
  toLines,
} from './courier-agent-shells.ts';

const packageFile = new URL('../../../package.json', import.meta.url);
const version: string = JSON.parse(readFileSync(packageFile, 'utf8')).version;

function readProc(name: string): string[] {
  return toLines(readFileSync(`/proc/${name}`, 'latin1'));
}

function firstWords(lines: readonly string[]): (string | undefined)[] {
  return lines.map((line) => line.split(/[\s:]/)[0]);
}

test('the script is executable and shellcheck finds nothing', (t) => {
  assert.equal(statSync(agentFile).mode & 0o777, 0o755);
  if (findProgram('shellcheck') === undefined) return t.skip('shellcheck is not installed');
  const { stdout, status } = spawnSync('shellcheck', ['-s', 'sh', agentFile], { encoding: 'utf8' });
  assert.deepEqual({ stdout, status }, { stdout: '', status: 0 });
});

testInShells('the sections come in one order and nothing else is said', (shell, directories) => {
  const { stdout, stderr, status } = runAgent(shell, directories);
  const headers = toLines(stdout).filter((line) => line.startsWith('<<<'));
  assert.deepEqual(
    { headers, stderr, status },
    {
      headers: [
        '<<<check_mk>>>',
        '<<<df>>>',
        '<<<df>>>',
        '<<<mem>>>',
        '<<<cpu>>>',
        '<<<uptime>>>',
        '<<<kernel>>>',
        '<<<local:sep(0)>>>',
      ],
      stderr: '',
      status: 0,
    },
  );
});

testInShells('check_mk names the agent, the host and its directories', (shell, directories) => {
  const { root } = directories;
  const { stdout } = runAgent(shell, directories);
  assert.deepEqual(sectionLines(stdout, '<<<check_mk>>>'), [
    `Version: cmk-courier-${version}`,
    'AgentOS: linux',
    `Hostname: ${hostname()}`,
    'AgentDirectory: /etc/check_mk',
    `DataDirectory: ${root}`,
    `SpoolDirectory: ${root}/spool`,
    `PluginsDirectory: ${root}/plugins`,
    `LocalDirectory: ${root}/local`,
  ]);
});

testInShells('check_mk tells that ssh started the agent', (shell, directories) => {
  const { stdout } = runAgent(shell, directories, { SSH_CLIENT: '192.0.2.1 4711 22\n<<<x>>>' });
  const last = sectionLines(stdout, '<<<check_mk>>>').at(-1);
  assert.equal(last, 'SSHClient: 192.0.2.1 4711 22');
});

testInShells('the directories default to those of the Linux agent', (shell, directories) => {
  const { stdout } = runAgent(shell, directories, { MK_LIBDIR: '', MK_VARDIR: '', MK_CONFDIR: '' });
  assert.deepEqual(sectionLines(stdout, '<<<check_mk>>>').slice(3), [
    'AgentDirectory: /etc/check_mk',
    'DataDirectory: /var/lib/check_mk_agent',
    'SpoolDirectory: /var/lib/check_mk_agent/spool',
    'PluginsDirectory: /usr/lib/check_mk_agent/plugins',
    'LocalDirectory: /usr/lib/check_mk_agent/local',
  ]);
});

testInShells('df rows have the seven columns of df -PTk', (shell, directories) => {
  const { stdout } = runAgent(shell, directories);
  const rows = sectionLines(stdout, '<<<df>>>');
  for (const row of rows) assert.match(row, /^\S+ +\w+ +\d+ +\d+ +\d+ +(\d+%|-) \/.*$/);
  const root = rows.filter((row) => row.endsWith(' /')).map((row) => row.split(/ +/));
  const df = spawnSync('df', ['-PTk', '/'], { encoding: 'utf8' }).stdout;
  const expected = toLines(df).at(1)?.split(/ +/).slice(0, 3);
  // In a chroot the root is no mount point, and df does not know its device.
  const isMount = expected?.[0] !== '-';
  assert.deepEqual(
    root.map((columns) => columns.slice(0, 3)),
    isMount ? [expected] : [],
  );
});

testInShells('df inode rows stand between their marks', (shell, directories) => {
  const { stdout } = runAgent(shell, directories);
  const inodes = sectionLines(stdout.slice(stdout.lastIndexOf('<<<df>>>')), '<<<df>>>');
  assert.equal(inodes.at(0), '[df_inodes_start]');
  assert.equal(inodes.at(-1), '[df_inodes_end]');
  const rows = inodes.slice(1, -1);
  for (const row of rows) assert.match(row, /^\S+ +\w+ +\d+ +\d+ +\d+ +(\d+%|-) \/.*$/);
  const mounts = (lines: readonly string[]) => lines.map((row) => row.split(/ +/).at(-1));
  assert.deepEqual(mounts(rows), mounts(sectionLines(stdout, '<<<df>>>')));
});

testInShells('mem is /proc/meminfo line by line', (shell, directories) => {
  const { stdout } = runAgent(shell, directories);
  const lines = sectionLines(stdout, '<<<mem>>>');
  for (const line of lines) assert.match(line, /^[\w()]+: +\d+( kB)?$/);
  assert.deepEqual(firstWords(lines), firstWords(readProc('meminfo')));
});

testInShells('cpu is the load, the processors and the thread limit', (shell, directories) => {
  const { stdout } = runAgent(shell, directories);
  const [load, threads, ...rest] = sectionLines(stdout, '<<<cpu>>>');
  assert.match(load ?? '', /^(\d+\.\d\d ){3}\d+\/\d+ \d+ \d+$/);
  const processors = readProc('stat').filter((line) => /^cpu\d/.test(line)).length;
  assert.equal(load?.split(' ').at(-1), String(processors));
  assert.deepEqual([threads, ...rest], readProc('sys/kernel/threads-max'));
});

testInShells('uptime is one line of two numbers', (shell, directories) => {
  const { stdout } = runAgent(shell, directories);
  const [line, ...rest] = sectionLines(stdout, '<<<uptime>>>');
  assert.match(line ?? '', /^\d+\.\d\d \d+\.\d\d$/);
  assert.deepEqual(rest, []);
});

testInShells('kernel is the time, then vmstat and stat', (shell, directories) => {
  const before = Math.floor(Date.now() / 1000);
  const { stdout } = runAgent(shell, directories);
  const [epoch, ...counters] = sectionLines(stdout, '<<<kernel>>>');
  assert.match(epoch ?? '', /^\d+$/);
  assert.ok(Number(epoch) >= before && Number(epoch) <= before + 10);
  for (const line of counters) assert.match(line, /^\w+( +\d+)+ *$/);
  const expected = [...readProc('vmstat'), ...readProc('stat')];
  assert.deepEqual(firstWords(counters), firstWords(expected));
});

testInShells('only local file systems are asked for', (shell, directories) => {
  const mounts = [
    '/dev/root / ext4 rw 0 0',
    'server:/export /nfs nfs4 rw 0 0',
    '//server/share /cifs cifs rw 0 0',
    'user@host:/ /sshfs fuse.sshfs rw 0 0',
    '/dev/fuse /etc/pve fuse rw 0 0',
    'proc /proc proc rw 0 0',
    'devtmpfs /dev devtmpfs rw 0 0',
    '/dev/loop0 /snap/core squashfs ro 0 0',
    'tmpfs /run tmpfs rw 0 0',
    'none /tmp/a\\134040\\040b tmpfs rw 0 0',
    'none /tmp/line\\012feed tmpfs rw 0 0',
    '/dev/sdb1 /srv/data xfs rw 0 0',
    '/dev/sdb1 /srv xfs rw 0 0',
    '/dev/sdb1 /srv/data/bound xfs rw 0 0',
    'tank/home /home zfs rw 0 0',
    '/dev/sdc1 /mnt ext4 rw 0 0',
    'server:/over /mnt nfs rw 0 0',
    'ubi0:rootfs /rom ubifs ro 0 0',
  ];
  const replaced = `read_mounts() { printf '%s\\n' ${mounts.map((line) => `'${line}'`).join(' ')}; }`;
  const { stdout, stderr } = runInLibrary(shell, directories, `${replaced}\nlist_local_mounts`);
  assert.deepEqual(
    { lines: toLines(stdout), stderr },
    {
      lines: [
        'ext4 /dev/root /',
        'tmpfs tmpfs /run',
        'tmpfs none /tmp/a\\040 b',
        'xfs /dev/sdb1 /srv',
        'zfs tank/home /home',
        'ubifs ubi0:rootfs /rom',
      ],
      stderr: '',
    },
  );
});

testInShells('df rows are rounded and aligned as df does', (shell, directories) => {
  const script = [
    `list_local_mounts() { printf '%s\\n' 'ext4 /dev/a /' 'vfat /dev/b /x  y' 'ext4 /dev/c /gone' 'tmpfs t /z'; }`,
    `read_usage() { case $1 in
      /) echo 4096 5000000000 2000000000 1000000000 100 40 ;;
      /x*) echo 512 2000 2000 2000 0 0 ;;
      /z) echo 4096 0 0 0 5 5 ;;
      *) return 1 ;;
    esac; }`,
    'print_df',
  ].join('\n');
  const { stdout } = runInLibrary(shell, directories, script);
  assert.deepEqual(toLines(stdout), [
    '<<<df>>>',
    '/dev/a         ext4     20000000000 12000000000 4000000000      75% /',
    '/dev/b         vfat           1000          0       1000       0% /x  y',
    '<<<df>>>',
    '[df_inodes_start]',
    '/dev/a         ext4            100         60         40      60% /',
    '/dev/b         vfat              0          0          0        - /x  y',
    '[df_inodes_end]',
  ]);
});

testInShells('without stat, df gives the same rows', (shell, directories) => {
  const hidden = `has() { [ "$1" != stat ] && command -v "$1" >/dev/null 2>&1; }`;
  const columns = (script: string) =>
    toLines(runInLibrary(shell, directories, script).stdout)
      .map((line) => line.split(/ +/))
      .map(([device, type, total, , , , mount]) => [device, type, total, mount]);
  const expected = columns('set_up_environment; print_df');
  assert.ok(expected.length > 4);
  assert.deepEqual(columns(`${hidden}; set_up_environment; print_df`), expected);
});

testInShells('a missing tool costs its section only', (shell, directories) => {
  const script = [
    'for tool in awk grep date uname; do eval "$tool() { return 127; }"; done',
    'main',
  ].join('\n');
  const { stdout, stderr } = runInLibrary(shell, directories, script);
  assert.equal(stderr, '');
  assert.deepEqual(
    toLines(stdout).filter((line) => line.startsWith('<<<')),
    ['<<<check_mk>>>', '<<<mem>>>', '<<<cpu>>>', '<<<uptime>>>', '<<<local:sep(0)>>>'],
  );
  assert.equal(sectionLines(stdout, '<<<check_mk>>>').at(2), `Hostname: ${hostname()}`);
  assert.match(sectionLines(stdout, '<<<cpu>>>').at(0) ?? '', /^(\d+\.\d\d ){3}\d+\/\d+ \d+$/);
});

testInShells('an odd host name stays one line', (shell, directories) => {
  const script = `uname() { printf 'w\\351b *  $(id) %%s\\n<<<forged>>>\\n'; }\nmain`;
  const { stdout } = runInLibrary(shell, directories, script);
  assert.equal(sectionLines(stdout, '<<<check_mk>>>').at(2), 'Hostname: w\xe9b *  $(id) %s');
  assert.equal(toLines(stdout).indexOf('<<<forged>>>'), -1);
});

testInShells('loaded as a library it prints nothing', (shell, directories) => {
  const { stdout, stderr, status } = runInLibrary(shell, directories, ':');
  assert.deepEqual({ stdout, stderr, status }, { stdout: '', stderr: '', status: 0 });
});

testInShells('a hostile environment changes nothing', (shell, directories) => {
  const hostile = { PATH: '', IFS: '/_0', CDPATH: '/tmp', LC_ALL: 'xx_XX', ENV: '/nonexistent' };
  const expected = toLines(runAgent(shell, directories).stdout);
  const { stdout, stderr, status } = runAgent(shell, directories, hostile);
  assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
  assert.deepEqual(firstWords(toLines(stdout)).slice(0, 9), firstWords(expected).slice(0, 9));
  assert.equal(toLines(stdout).length, expected.length);
});
